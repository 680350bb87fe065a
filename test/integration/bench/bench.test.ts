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

  it('measures replicas, live messages while old ones come, and the bytes of a meeting', async () => {
    const { exitCode, stdout, stderr } = await runNode([
      'bench/main.ts',
      ...['replicas', 'live-during-sync', 'sync-bytes', '--variants', 'library'],
      ...['--quick', '--json'],
    ]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const results = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, number | string>);
    const of = (variant: string) => results.find((result) => result.variant === variant);
    expect(of('library-replica')).toMatchObject({ workload: 'replicas', lost: 0, duplicated: 0 });
    for (const author of ['other', 'same'])
      expect(of(`library-${author}-author`)).toMatchObject({ workload: 'live-during-sync', lost: 0 });
    // These do not depend on how busy the machine is.
    expect(of('in-sync')!.bytesOut).toBeLessThanOrEqual(200);
    expect(of('in-sync')!.bytesIn).toBeLessThanOrEqual(200);
    expect(Number(of('one-of-10000')!.bytesOut) + Number(of('one-of-10000')!.bytesIn)).toBeLessThanOrEqual(
      2_000,
    );
    expect(of('100000-single')!.overhead).toBeLessThanOrEqual(0.05);
    expect(of('100000-batched')!.overhead).toBeLessThanOrEqual(0.05);
  }, 240_000);

  it('measures a scrape of the metrics of an agent with peers', async () => {
    const { exitCode, stdout, stderr } = await runNode(['bench/main.ts', 'metrics', '--quick', '--json']);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout) as Record<string, number>;
    expect(result).toMatchObject({ workload: 'metrics', p50Ms: expect.any(Number) });
    expect(result.series).toBeGreaterThan(100);
    expect(result.series).toBeLessThanOrEqual(1_000);
  }, 120_000);
});
