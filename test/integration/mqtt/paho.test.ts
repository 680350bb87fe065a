import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith, PAHO_PYTHON } from '../../firmware/toolchain.ts';
import { Sedge } from '../cli/sedge-process.ts';
import { startTwoBrokers, type TwoBrokers } from './two-brokers.ts';

const SCENARIO = fileURLToPath(new URL('paho-scenario.py', import.meta.url));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describeWith(['paho-python'], 'Paho for Python', () => {
  const sedge = new Sedge();
  let brokers: TwoBrokers;

  beforeAll(async () => {
    brokers = await startTwoBrokers(sedge);
  }, 60_000);

  afterAll(() => sedge.cleanUp());

  async function play(version: 4 | 5): Promise<Record<string, unknown>> {
    const { portA, portB } = brokers;
    const argv = [SCENARIO, portA, portB, String(version)];
    const { stdout } = await promisify(execFile)(PAHO_PYTHON, argv, { timeout: 90_000 });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  test.each([4, 5] as const)(
    'publishes at one node and subscribes at the other, version %i',
    async (version) => {
      const result = await play(version);
      // Paho hands a message of QoS 2 out at its PUBREL: the order counts among those of the same QoS (section 4.6).
      for (const qos of [0, 1, 2]) {
        const ofQos = (list: readonly string[]) => list.filter((number) => Number(number) % 3 === qos);
        expect(ofQos(result.order as string[])).toEqual(ofQos(numbers(200)));
      }
      expect(result.asleep).toEqual(numbers(5));
      expect(result.will).toEqual(['gone']);
      expect(result.kept).toEqual(['value', 1]);
      if (version === 4) return;
      expect(result.properties).toEqual({
        contentType: 'application/json',
        responseTopic: 'paho/5/answers',
        correlationData: '00ff',
        userProperty: [
          ['b', '1'],
          ['a', '2'],
          ['b', '3'],
        ],
      });
    },
  );
});
