import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../firmware/toolchain.ts';
import { Sedge } from '../cli/sedge-process.ts';
import { startTwoBrokers, type TwoBrokers } from './two-brokers.ts';

const SCENARIO = fileURLToPath(new URL('paho-scenario.c', import.meta.url));

describeWith(['gcc', 'paho-c'], 'Paho for C', () => {
  const sedge = new Sedge();
  let brokers: TwoBrokers;
  let program: string;

  beforeAll(async () => {
    program = join(await sedge.directory(), 'paho-scenario');
    const flags = ['-std=c99', '-D_POSIX_C_SOURCE=200809L', '-Wall', '-Wextra', '-Werror'];
    execFileSync('gcc', [...flags, '-o', program, SCENARIO, '-lpaho-mqtt3c'], { timeout: 60_000 });
    brokers = await startTwoBrokers(sedge);
  }, 90_000);

  afterAll(() => sedge.cleanUp());

  /** Lines `<what> <QoS> <retained> <payload>`. */
  async function play(version: number): Promise<string[]> {
    const { portA, portB } = brokers;
    const { stdout } = await promisify(execFile)(program, [portA, portB, String(version)], {
      timeout: 90_000,
    });
    return stdout.trimEnd().split('\n');
  }

  test.each([3, 4, 5])('publishes at one node and subscribes at the other, version %i', async (version) => {
    const lines = await play(version);
    const order = Array.from({ length: 60 }, (_, number) => `order ${number % 3} 0 ${number}`);
    // A message of QoS 2 is handed out at its PUBREL: the order counts among those of the same QoS (section 4.6).
    const ofQos = (list: readonly string[], qos: number) =>
      list.filter((line) => line.startsWith(`order ${qos} `));
    for (const qos of [0, 1, 2]) expect(ofQos(lines, qos)).toEqual(ofQos(order, qos));
    expect(lines.slice(60)).toEqual([
      'big 2 0 same',
      ...[0, 1, 2, 3, 4].map((number) => `asleep 1 0 ${number}`),
      'will 1 0 gone',
      'kept 1 1 value',
    ]);
  });
});
