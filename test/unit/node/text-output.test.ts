import { describe, expect, test } from 'vitest';
import { formatAgo, formatBytes, formatCount, formatSpan, plural } from '../../../node/cli/human-figures.ts';
import { ProgressLine } from '../../../node/cli/progress-line.ts';
import { formatFacts, formatTable } from '../../../node/cli/table.ts';

describe('figures', () => {
  test('bytes, spans, counts', () => {
    expect([999, 1_234, 123_456, 5_600_000].map(formatBytes)).toEqual([
      '999 B',
      '1.2 kB',
      '123 kB',
      '5.6 MB',
    ]);
    expect([300, 5_000, 300_000, 10_800_000, 400_000_000].map(formatSpan)).toEqual([
      '300 ms',
      '5 s',
      '5 min',
      '3 h',
      '5 d',
    ]);
    expect(formatAgo(null, 5)).toBe('never');
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect([plural(1, 'peer'), plural(1_000, 'peer')]).toEqual(['1 peer', '1,000 peers']);
  });
});

describe('tables', () => {
  test('align columns, figures on the right, without trailing blanks', () => {
    const table = formatTable(
      [
        { name: 'a', count: 5 },
        { name: 'longer', count: 1_000 },
      ],
      [
        { title: 'NAME', cell: (row) => row.name },
        { title: 'COUNT', cell: (row) => String(row.count), align: 'right' },
      ],
    );
    expect(table).toBe('NAME    COUNT\na           5\nlonger   1000\n');
  });

  test("keep control characters of other nodes' names from the terminal", () => {
    expect(formatFacts([['node', 'evil\x1b[2Jname\n']])).toBe('node  evil\ufffd[2Jname\ufffd\n');
  });
});

describe('progress line', () => {
  function target(isTTY: boolean): { isTTY: boolean; text: string; write: (text: string) => void } {
    return {
      isTTY,
      text: '',
      write(text: string) {
        this.text += text;
      },
    };
  }

  test('counts and says the rate on a terminal, ten times a second at most', () => {
    const terminal = target(true);
    let nowMs = 0;
    const line = new ProgressLine(terminal, 'messages', () => nowMs);
    nowMs = 1_000;
    line.update(2_000);
    line.update(3_000);
    expect(terminal.text).toBe('\r\x1b[K2,000 messages, 2,000/s');
    line.clear();
    expect(terminal.text.endsWith('\r\x1b[K')).toBe(true);
  });

  test('writes nothing where there is no terminal', () => {
    const file = target(false);
    const line = new ProgressLine(file, 'messages', () => 0);
    line.update(1);
    line.clear();
    expect(file.text).toBe('');
  });
});
