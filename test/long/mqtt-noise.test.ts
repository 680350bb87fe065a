import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import { MqttClient } from '../unit/node/mqtt/mqtt-client.ts';
import { MqttWorld } from '../unit/node/mqtt/mqtt-world.ts';
import { noise, randomOf } from '../unit/node/mqtt/noise.ts';

const SECONDS = Number(process.env.SEDGE_SECONDS ?? 60);
/** Connections that stay open at this end, whatever the gateway did with them. */
const OPEN_MAX = 3_000;
/** The first bytes of a CONNECT whose rest never comes; half of them not even that. */
const HALF = Buffer.from([0x10, 0x20, 0, 4, 0x4d, 0x51]);
const GROWTH_BYTES_MAX = 32 * 1_048_576;

/** What is in use, without what is only not collected yet. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

let world: MqttWorld;

afterEach(() => world.stop());

it(`noise for ${SECONDS} s and thousands of half connections cost an honest client nothing, and no memory`, async () => {
  const seed = Number(process.env.SEDGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`seed ${seed}`);
  const random = randomOf(seed);
  // Its clock stands still, and so would the rate.
  world = await MqttWorld.start(['a'], { connectionsPerSecondMax: Number.POSITIVE_INFINITY });
  const [node] = world.nodes;
  const subscriber = await node!.connect({ clientId: 'honest-subscriber' });
  await subscriber.subscribe('honest');
  const publisher = await node!.connect({ clientId: 'honest-publisher' });
  const open: MqttClient[] = [];
  const begun = performance.now();
  let warmBytes = 0;
  let published = 0;
  let connections = 0;
  for (let round = 0; performance.now() - begun < SECONDS * 1_000; round++) {
    const client = await MqttClient.open(node!.port);
    if (round % 2 === 0) client.raw(noise(random));
    else client.raw(HALF.subarray(0, random(2) * HALF.length));
    open.push(client);
    if (open.length > OPEN_MAX) open.shift()!.drop();
    connections++;
    if (round % 20 !== 0) continue;
    await publisher.publish('honest', String(published));
    expect(await subscriber.payloads(1)).toEqual([String(published++)]);
    if (warmBytes === 0 && performance.now() - begun > (SECONDS * 1_000) / 3) warmBytes = heapBytes();
  }
  const grownBytes = heapBytes() - warmBytes;
  console.info(
    `${published} honest messages, ${connections} connections, ${node!.count('packetsRefused')} packets refused, ` +
      `${node!.count('halfOpenCut')} half connections cut, ${grownBytes} bytes more`,
  );
  const { connections: held } = node!.gateway.status();
  for (const client of open) client.drop();
  // Half open ones have made room for each other, and those that were let in are those that CONNECT.
  expect(connections).toBeGreaterThan(OPEN_MAX);
  expect(held).toBeLessThan(OPEN_MAX);
  expect(grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
  expect(published).toBeGreaterThan(SECONDS);
});
