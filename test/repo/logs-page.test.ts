import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LOG_PARTS } from '../../node/log/log-levels.ts';
import { loggedLines } from './log-sentences.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/logs.md', import.meta.url)), 'utf8');

/** Rows of the table of sentences: `part level sentence`. */
const rows = [...PAGE.matchAll(/^\| `([a-z-]+)` \| ([a-z]+) \| (.+?) \|/gm)].map(
  ([, part, level, sentence]) => `${part} ${level} ${sentence}`,
);

describe('docs/logs.md', () => {
  it('has every sentence that is logged, with its part and level, and no other', () => {
    const logged = new Set(loggedLines().map(({ part, level, sentence }) => `${part} ${level} ${sentence}`));
    // A line that is missing there: | `part` | level | sentence | what it means |
    expect([...logged].filter((line) => !rows.includes(line))).toEqual([]);
    expect(rows.filter((row) => !logged.has(row))).toEqual([]);
    expect(new Set(rows).size).toBe(rows.length);
  });

  it('names every part', () => {
    for (const part of LOG_PARTS) expect(PAGE).toContain(`\`${part}\``);
  });
});

describe('log lines', () => {
  it('are sentences without an end, so that they stay the same when facts are added', () => {
    for (const { sentence, file } of loggedLines()) {
      expect(sentence, file).not.toMatch(/[.!]$|\$\{/);
    }
  });
});
