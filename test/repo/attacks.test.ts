import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/attacks.md'), 'utf8');
const ROWS = PAGE.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| what happens'));

const scenarios = [...PAGE.matchAll(/scenario `([a-z0-9-]+)`/g)].map(([, name]) => name!);
const tests = [...PAGE.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)].map(([, file, name]) => ({
  file: file!,
  name: name!,
}));

describe('the page of attacks', () => {
  it.each(ROWS)('has a proof in each row: %s', (row) => {
    expect(row).toMatch(/scenario `|`test\/[^`]+`: "/);
  });

  it.each(scenarios)('names scenarios that are played: %s', (name) => {
    expect(existsSync(join(ROOT, `simulations/scenarios/${name}.ts`))).toBe(true);
    const list = readFileSync(join(ROOT, 'simulations/scenarios/scenario-list.ts'), 'utf8');
    expect(list).toContain(`'./${name}.ts'`);
  });

  it.each(tests)('names tests that exist: $file, "$name"', ({ file, name }) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    const named = lines.filter((line) => line.includes(name));
    // On the line that begins the test, or on one of its own below `it.each(...)(`.
    expect(
      named.some((line) => /^\s*(it|describe|\])?\(?.*['"`]/.test(line) && !/^\s*(\/\/|\*)/.test(line)),
    ).toBe(true);
  });
});
