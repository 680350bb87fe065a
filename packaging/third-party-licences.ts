import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A package whose code is in the bundle. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** Its licence files as they are; empty where it ships none. */
  readonly texts: readonly string[];
}

/** Licences that may be shipped, given that their texts come along. */
const ALLOWED =
  /^\(?(?:MIT|Apache-2\.0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense)\)?$/;

/** The packages that inputs of the bundle belong to (paths from the repository's root), by name and version. */
export async function thirdPartiesOf(root: string, inputs: readonly string[]): Promise<ThirdParty[]> {
  const folders = new Set(inputs.flatMap((input) => packageFolder(input) ?? []));
  const parties = await Promise.all([...folders].map((folder) => readParty(join(root, folder))));
  const once = new Map(parties.map((party) => [`${party.name}@${party.version}`, party]));
  return [...once.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, party]) => party);
}

/** Those whose licence is not known to allow shipping. */
export function unclearLicences(parties: readonly ThirdParty[]): string[] {
  return parties
    .filter(({ licence }) => !licence.split(/ (?:OR|AND) /).some((part) => ALLOWED.test(part)))
    .map(({ name, version, licence }) => `${name}@${version}: ${licence}`);
}

/** One text for all of them; what is the same is there once. */
export function licencesText(parties: readonly ThirdParty[]): string {
  const byText = new Map<string, ThirdParty[]>();
  for (const party of parties) {
    const text = party.texts.join('\n\n') || `(${party.licence}; the package ships no text of it)`;
    byText.set(text, [...(byText.get(text) ?? []), party]);
  }
  const sections = [...byText].map(([text, sharing]) => {
    const names = sharing.map(({ name, version, licence }) => `${name} ${version} (${licence})`);
    return `${names.join('\n')}\n\n${text.trim()}\n`;
  });
  const rule = `\n${'-'.repeat(78)}\n\n`;
  return ['The bundle holds code of these packages, under these licences.\n', ...sections].join(rule);
}

/** `node_modules/a/node_modules/@b/c/x.js` is of `node_modules/a/node_modules/@b/c`. */
function packageFolder(input: string): string | null {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? null;
}

async function readParty(folder: string): Promise<ThirdParty> {
  const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string | { type: string };
  };
  const { license } = manifest;
  const named = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  return {
    name: manifest.name,
    version: manifest.version,
    licence: (typeof license === 'object' ? license.type : license) ?? 'unknown',
    texts: await Promise.all(named.map((file) => readFile(join(folder, file), 'utf8'))),
  };
}
