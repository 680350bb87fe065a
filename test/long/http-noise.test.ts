import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, expect, it } from 'vitest';
import type { Mesh } from '../../src/mesh/index.ts';
import { HttpWorld } from '../unit/node/http/http-world.ts';
import { SseClient } from '../unit/node/http/sse-client.ts';
import { randomOf } from '../unit/node/mqtt/noise.ts';

const SECONDS = Number(process.env.SEDGE_SECONDS ?? 60);
const OPEN_MAX = 300;
const GROWTH_BYTES_MAX = 48 * 1_048_576;

/** What clients say when all is well: from these, mutated, noise gets further than from random bytes. */
const SEEDS = [
  'GET /v1/status HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET /v1/messages?filter=honest&order=newest&limit=3&cursor=main=0011223344556677:1 HTTP/1.1\r\nhost: localhost\r\n\r\n',
  'GET /v1/stream?filter=%23&from=new HTTP/1.1\r\nhost: localhost\r\nlast-event-id: main=00:1\r\n\r\n',
  'GET /v1/topics/noise/%41/b HTTP/1.1\r\nhost: localhost\r\naccept: application/cbor\r\n\r\n',
  'POST /v1/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 32\r\n\r\n{"topic":"noise/a","payload":"1"}',
  'POST /v1/publish-many HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 35\r\n\r\n[{"topic":"noise/b","payload":"22"}]',
  'POST /v1/publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/cbor\r\ncontent-length: 25\r\n\r\n\xa2etopicgnoise/cgpayloadA1',
  'PUT /v1/topics/noise/d HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'GET /v1/socket?filter=honest HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n\x81\x85\x01\x02\x03\x04\x69\x67\x6f\x68\x6e\x89\x80\x00\x00\x00\x00\x88\x80\x00\x00\x00\x00',
].map((text) => Buffer.from(text, 'latin1'));

/** A whole number below another. */
type Random = (below: number) => number;

let world: HttpWorld<Mesh>;

afterEach(() => world.stop());

/** What is in use, without what is only not collected yet. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Requests with bits flipped, bytes cut, put in and repeated; now and then random bytes alone. */
function noise(pick: Random): Buffer {
  const bytesOf = (count: number) => Buffer.from(Array.from({ length: count }, () => pick(256)));
  if (pick(10) === 0) return bytesOf(1 + pick(2_000));
  const parts = Array.from({ length: 1 + pick(3) }, () => SEEDS[pick(SEEDS.length)]!);
  let bytes = Buffer.from(Buffer.concat(parts));
  for (let n = pick(6); n > 0; n--) {
    const at = pick(bytes.length);
    const kind = pick(5);
    if (kind === 0) bytes[at] = bytes[at]! ^ (1 << pick(8));
    else if (kind === 1)
      bytes = Buffer.concat([bytes.subarray(0, at), bytesOf(1 + pick(20)), bytes.subarray(at)]);
    else if (kind === 2) bytes = Buffer.from(bytes.subarray(0, Math.max(1, at)));
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(pick(3_000), bytes[at])]);
    else
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(at + pick(40), bytes.length))]);
    if (bytes.length === 0) bytes = bytesOf(1);
  }
  return bytes;
}

function send(bytes: Buffer, isRead: boolean): Socket {
  const socket = connect(world.port, '127.0.0.1');
  socket.on('error', () => {});
  if (isRead) socket.resume();
  socket.write(bytes);
  return socket;
}

it(`noise for ${SECONDS} s and hundreds of half requests cost an honest client nothing, and no memory`, async () => {
  const seed = Number(process.env.SEDGE_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.info(`seed ${seed}`);
  const pick = randomOf(seed);
  world = await HttpWorld.startReal({ requestsPerSecondMax: 1e6, streamsMax: 2_000 });
  const follower = await SseClient.open(world, 'filter=honest');
  const open: Socket[] = [];
  const begun = performance.now();
  let warmBytes = 0;
  let published = 0;
  for (let round = 0; performance.now() - begun < SECONDS * 1_000; round++) {
    open.push(send(noise(pick), pick(5) > 0));
    if (open.length > OPEN_MAX) open.shift()!.destroy();
    if (round % 20 !== 0) continue;
    const answer = await world.ask('/v1/publish', { json: { topic: 'honest', payload: String(published) } });
    expect(answer.status).toBe(200);
    expect(await follower.payloads(1)).toEqual([String(published++)]);
    if (warmBytes === 0 && performance.now() - begun > (SECONDS * 1_000) / 3) warmBytes = heapBytes();
  }
  const grownBytes = heapBytes() - warmBytes;
  const { counters } = world.gateway.status();
  console.info(`${published} honest messages, ${grownBytes} bytes more, ${JSON.stringify(counters)}`);
  for (const socket of open) socket.destroy();
  expect(grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
  expect(counters['agent.internal'] ?? 0).toBe(0);
  expect(published).toBeGreaterThan(SECONDS);
});
