import { describe, expect, test } from 'vitest';
import { nearestName } from '../../../node/cli/nearest-name.ts';
import { ProgressBar } from '../../../node/simulate/progress-bar.ts';
import { replayCommand } from '../../../node/simulate/replay-command.ts';

function target(isTTY: boolean): { readonly isTTY: boolean; written: string; write(text: string): void } {
  return {
    isTTY,
    written: '',
    write(text: string) {
      this.written += text;
    },
  };
}

describe('the progress bar', () => {
  test('shows on a terminal how far it is, in virtual and real time, ten times a second at most', () => {
    const stderr = target(true);
    let nowMs = 0;
    const bar = new ProgressBar(stderr, () => nowMs);
    bar.update({ share: 0.25, what: 'ferry, model, seed 1', virtualSeconds: 7_200 });
    nowMs = 50;
    bar.update({ share: 0.5, what: 'too soon', virtualSeconds: 7_300 });
    nowMs = 3_000;
    bar.update({ share: null, what: 'alone', virtualSeconds: 90 });
    bar.clear();
    expect(stderr.written.split('\r\x1b[K')).toEqual([
      '',
      '[######..................] 25 %  ferry, model, seed 1  2 h virtual, 0 ms real',
      'alone  90 s virtual, 3 s real',
      '',
    ]);
  });

  test('writes nothing elsewhere', () => {
    const stderr = target(false);
    const bar = new ProgressBar(stderr);
    bar.update({ share: 0.5, what: 'ferry', virtualSeconds: 1 });
    bar.clear();
    expect(stderr.written).toBe('');
  });
});

describe('what is said of a run', () => {
  test('the command that plays it again is quoted for a shell', () => {
    expect(replayCommand(['--contacts', "my friend's.txt", '--seed', 7])).toBe(
      "npx sedge simulate --contacts 'my friend'\\''s.txt' --seed 7",
    );
  });

  test('the nearest name to a mistyped one', () => {
    const known = ['two-way-partition', 'one-way-link', 'ferry'];
    expect(nearestName('two-way-partitoin', known)).toBe('two-way-partition');
    expect(nearestName('fery', known)).toBe('ferry');
    expect(nearestName('x', [])).toBe('');
  });
});
