import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './build-program.ts';

const LIBRARY = join(ROOT, 'firmware-bridge/c');
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
const EXAMPLES = readdirSync(join(LIBRARY, 'examples'));

const text = (file: string): string => readFileSync(join(LIBRARY, file), 'utf8');

/** The fields that the specification of Arduino's libraries wants (arduino-cli, "Library specification"). */
const FIELDS = 'name version author maintainer sentence paragraph category url architectures'.split(' ');

const properties = new Map(
  text('library.properties')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
);

it('has the fields that Arduino asks of a library, and the version of this project', () => {
  expect(FIELDS.filter((field) => !properties.has(field))).toEqual([]);
  expect(properties.get('version')).toBe(VERSION);
  expect(existsSync(join(LIBRARY, 'src', properties.get('includes')!))).toBe(true);
});

it('has a manifest for PlatformIO with the same version and every example', () => {
  const manifest = JSON.parse(text('library.json')) as {
    name: string;
    version: string;
    headers: string[];
    examples: { name: string; base: string; files: string[] }[];
  };
  expect(manifest).toMatchObject({ name: properties.get('name'), version: VERSION });
  expect(manifest.examples.map(({ name }) => name).sort()).toEqual([...EXAMPLES].sort());
  const files = manifest.examples.flatMap(({ base, files }) => files.map((file) => `${base}/${file}`));
  expect(files.filter((file) => !existsSync(join(LIBRARY, file)))).toEqual([]);
  expect(manifest.headers.filter((header) => !existsSync(join(LIBRARY, 'src', header)))).toEqual([]);
});

it('names each sketch after its folder, as Arduino opens it', () => {
  expect(EXAMPLES.filter((name) => !existsSync(join(LIBRARY, 'examples', name, `${name}.ino`)))).toEqual([]);
});

it('colours only words that there are', () => {
  const header = text('src/SedgeDevice.h') + text('include/sedge.h');
  const lines = text('keywords.txt').split('\n').slice(1, -1);
  expect(lines.filter((line) => !/^\w+\t(KEYWORD[12]|LITERAL1)$/.test(line))).toEqual([]);
  const words = lines.map((line) => line.split('\t')[0]!);
  expect(words.filter((word) => !new RegExp(`\\b${word}\\b`).test(header))).toEqual([]);
});

it('has no two headers that a disk blind to case takes for one', () => {
  const headers = [...readdirSync(join(LIBRARY, 'src'))].filter((file) => file.endsWith('.h'));
  expect(new Set(headers.map((file) => file.toLowerCase())).size).toBe(headers.length);
});

it('includes in src/ nothing that Arduino does not see: it builds this folder alone', () => {
  const sources = readdirSync(join(LIBRARY, 'src')).filter((file) => /\.(c|cpp|h)$/.test(file));
  const included = sources.flatMap((file) =>
    [...text(`src/${file}`).matchAll(/#include "([^"]+)"/g)].map(([, name]) => `${file}: ${name}`),
  );
  const unseen = included.filter((line) => {
    const name = line.split(': ')[1]!;
    return name !== '../include/sedge.h' && !existsSync(join(LIBRARY, 'src', name));
  });
  expect(unseen).toEqual([]);
});
