import { afterEach, expect, it } from 'vitest';
import type { MqttClient } from './mqtt-client.ts';
import { MqttWorld } from './mqtt-world.ts';
import { noise, randomOf } from './noise.ts';

let world: MqttWorld;

afterEach(() => world.stop());

it('noise of all kinds neither ends the gateway nor costs an honest client a message', async () => {
  const seed = Number(process.env.SEDGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`seed ${seed}`);
  const random = randomOf(seed);
  world = await MqttWorld.start(['a']);
  const [node] = world.nodes;
  const subscriber = await node!.connect({ clientId: 'honest-subscriber' });
  await subscriber.subscribe('honest');
  const publisher = await node!.connect({ clientId: 'honest-publisher' });
  const open: MqttClient[] = [];
  for (let round = 0; round < 300; round++) {
    const client = await node!.open();
    client.raw(noise(random));
    open.push(client);
    // Some connections stay half open for a while.
    if (open.length > 20) open.shift()!.drop();
    if (round % 10 === 0) await publisher.publish('honest', String(round));
  }
  expect(await subscriber.payloads(30)).toEqual(Array.from({ length: 30 }, (_, index) => String(index * 10)));
  for (const client of open) client.drop();
  await publisher.quiet();
  expect(node!.count('packetsRefused')).toBeGreaterThan(50);
});
