import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE } from '../../src/errors/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'firmware-bridge/README.md'), 'utf8');
const HEADER = readFileSync(join(ROOT, 'firmware-bridge/c/include/sedge.h'), 'utf8');

const TABLE = PAGE.slice(PAGE.indexOf('## Bad input'), PAGE.indexOf('## Threat model'));
const ROWS = TABLE.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| cause'));

/** Words in code type of one column of the table. */
function namedIn(column: number): string[] {
  const cells = ROWS.map((row) => row.split('|')[column + 1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([a-z_.-]+)`/g)].map(([, name]) => name!));
}

describe('the table of bad input', () => {
  it('names only causes that the bridge counts', () => {
    const causes = namedIn(1);
    expect(causes.length).toBeGreaterThan(15);
    expect(causes.filter((cause) => !(cause in ERROR_TABLE))).toEqual([]);
  });

  it('has every cause of frames, link, records and greetings', () => {
    const known = Object.keys(ERROR_TABLE).filter((code) => /^(frame|link|record|greeting)\./.test(code));
    const missing = known.filter((code) => !namedIn(1).includes(code));
    expect(missing).toEqual([]);
  });

  it('names only counters that the device has', () => {
    const stats = HEADER.slice(HEADER.indexOf('struct sedge_stats {'));
    const fields = [...stats.slice(0, stats.indexOf('};')).matchAll(/ (\w+);/g)].map(([, name]) => name!);
    expect(fields).toContain('frames_in');
    const counters = namedIn(2);
    expect(counters.length).toBeGreaterThan(5);
    expect(counters.filter((name) => !fields.includes(name))).toEqual([]);
  });
});
