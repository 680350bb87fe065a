import { expect, vi } from 'vitest';
import { objects, type Sedge } from '../cli/sedge-process.ts';

/** Two nodes of a realm, in step, each a broker. */
export interface TwoBrokers {
  readonly a: string;
  readonly b: string;
  readonly portA: string;
  readonly portB: string;
  /** Where A listens for WebSocket, if it does. */
  readonly webSocketPortA: string | undefined;
}

/** Makes a realm of two agents that MQTT clients can connect to; `argv` is for A alone. */
export async function startTwoBrokers(sedge: Sedge, ...argv: readonly string[]): Promise<TwoBrokers> {
  const [a, b] = [await sedge.directory(), await sedge.directory()];
  await sedge.run(a, ['init', 'farm', '--name', 'a']);
  const first = await sedge.startAgent(a, '--mqtt', '0', ...argv);
  const invite = await sedge.run(a, ['invite']);
  await sedge.run(b, ['join', '-', '--name', 'b'], invite.stdout);
  const second = await sedge.startAgent(b, '--mqtt', '127.0.0.1:0');
  await vi.waitFor(
    async () => {
      const peers = objects((await sedge.run(b, ['peers', '--json'])).stdout);
      expect(peers).toContainEqual(expect.objectContaining({ connected: true, sync: 'in-sync' }));
    },
    { timeout: 20_000, interval: 200 },
  );
  const [portA, webSocketPortA] = portsOf(first.ready);
  const [portB] = portsOf(second.ready);
  return { a, b, portA: portA!, portB: portB!, webSocketPortA };
}

function portsOf(ready: object): (string | undefined)[] {
  return (ready as { mqtt: readonly string[] }).mqtt.map((where) => where.split(':').at(-1));
}
