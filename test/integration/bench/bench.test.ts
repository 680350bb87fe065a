import { describe, expect, it } from 'vitest';
import { runNode } from '../run-node.ts';

describe('the benchmark', () => {
  it('prints an object for each workload and variant, and loses nothing', async () => {
    const { exitCode, stdout, stderr } = await runNode([
      'bench/main.ts',
      ...['W1', 'W2-crash', '--variants', 'library,gossipsub', '--quick', '--json'],
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results.map(({ workload, variant }) => `${workload} ${variant}`)).toEqual([
      'W1 library',
      'W1 gossipsub',
      'W2-crash library-2000',
    ]);
    for (const result of results) expect(result).toMatchObject({ lost: 0, duplicated: 0 });
    const measured: unknown = expect.any(Number);
    expect(results[0]).toMatchObject({
      payloadBytes: 64,
      messagesPerSecond: measured,
      p50Ms: measured,
      p99Ms: measured,
      ratioToGossipsub: measured,
      spread: measured,
    });
    expect(results[2]).toMatchObject({ seconds: measured });
  });
});
