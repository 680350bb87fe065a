import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Document, LineCounter, YAMLMap } from 'yaml';
import { SedgeError } from '../../src/errors/index.ts';

/** Name of the optional configuration file in the directory of a node. */
export const CONFIG_FILE = 'sedge.yaml';

/** What the file was called before it was YAML; read as ever where there is no {@link CONFIG_FILE}. */
export const OLD_CONFIG_FILE = 'config.json';

/** A setting of the file, not checked yet. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: unknown;
  /** From 1. */
  readonly line: number;
}

/** Something in a file, the environment or on the command line that is not right. */
export interface ConfigMistake {
  /** `FILE:LINE, KEY`, the name of a variable, or that of an option. */
  readonly where: string;
  readonly reason: string;
  /** Line of the file, from 1; missing for a mistake elsewhere. */
  readonly line?: number;
  readonly key?: string;
}

/** A configuration file that could be read. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: readonly ConfigEntry[];
  /** What is wrong with its form; `entries` then holds what could be read nevertheless. */
  readonly mistakes: readonly ConfigMistake[];
}

const CONFIG_BYTES_MAX = 1_048_576;
/** YAML's references can blow a small file up. */
const ALIASES_MAX = 100;

/**
 * The configuration file of a directory; `null` if there is none. Throws `agent.bad-config` where none can be read, or
 * where there are two: nobody could tell which counts.
 */
export async function findConfigFile(directory: string): Promise<ConfigFile | null> {
  const [file, old] = await Promise.all(
    [CONFIG_FILE, OLD_CONFIG_FILE].map((name) => readConfigFile(join(directory, name))),
  );
  if (file && old) {
    throw new SedgeError('agent.bad-config', {
      where: old.path,
      reason: `there is a ${CONFIG_FILE} too: move what it says there, and remove ${OLD_CONFIG_FILE}`,
    });
  }
  return file ?? old ?? null;
}

/** A configuration file in YAML 1.2 (JSON is YAML too); `null` if it is not there. Throws `agent.bad-config`. */
export async function readConfigFile(path: string): Promise<ConfigFile | null> {
  const text = await textOf(path);
  if (text === null) return null;
  if (text.length > CONFIG_BYTES_MAX) throw unreadable(path, 'it is larger than 1 MiB');
  // An agent without a file does not pay for the parser.
  const { isMap, LineCounter: Lines, parseDocument } = await import('yaml');
  const lines = new Lines();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const mistakes = [...document.errors, ...document.warnings].map(({ message, pos: [at] }) =>
    formMistake(path, lines.linePos(at).line, message),
  );
  if (mistakes.length > 0 || document.contents === null) return { path, entries: [], mistakes };
  if (!isMap(document.contents)) {
    const reason = 'it must hold settings, each a line "name: value"';
    return { path, entries: [], mistakes: [formMistake(path, 1, reason)] };
  }
  const values = valuesOf(document);
  if (values === null) {
    return {
      path,
      entries: [],
      mistakes: [formMistake(path, 1, 'it refers to too much, or to what it lacks')],
    };
  }
  return { path, mistakes, entries: entriesOf(document.contents, values, lines) };
}

function formMistake(path: string, line: number, reason: string): ConfigMistake {
  return { where: `${path}:${line}`, line, reason };
}

function valuesOf(document: Document.Parsed): Readonly<Record<string, unknown>> | null {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX }) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function entriesOf(
  map: YAMLMap,
  values: Readonly<Record<string, unknown>>,
  lines: LineCounter,
): ConfigEntry[] {
  return map.items.map(({ key: node }) => {
    const { value, range } = node as { readonly value?: unknown; readonly range?: readonly number[] | null };
    const key = String(value);
    return {
      key,
      value: Object.hasOwn(values, key) ? values[key] : null,
      line: lines.linePos(range?.[0] ?? 0).line,
    };
  });
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: unknown };
    // A directory that is none is told of where it is used.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unreadable(path, 'it cannot be read', error);
  }
}

function unreadable(where: string, reason: string, cause?: unknown): SedgeError {
  return new SedgeError('agent.bad-config', { where, reason }, { cause });
}
