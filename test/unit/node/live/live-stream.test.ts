import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlServer } from '../../../../node/control/index.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import { FakeDevices } from '../fake-devices.ts';
import { FakeMesh } from '../fake-mesh.ts';

let directory: string;
let mesh: FakeMesh;
let server: ControlServer;
const open: IncomingMessage[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-live-'));
  mesh = new FakeMesh();
  server = new ControlServer({
    directory,
    mesh,
    devices: new FakeDevices(),
    log: silentLog,
    agentFacts: () => ({ pid: 1, serial: [] }),
    onStop: () => {},
  });
  await server.start();
});

afterEach(async () => {
  for (const response of open.splice(0)) response.destroy();
  await server.stop();
  await rm(directory, { recursive: true });
});

interface Line {
  readonly at?: string;
  readonly sections?: Readonly<Record<string, unknown>>;
  readonly topics?: unknown;
  readonly watched?: { readonly left: number; readonly messages: readonly unknown[] };
}

async function live(query = ''): Promise<AsyncIterator<Line> & AsyncIterable<Line>> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const path = `/v1/live${query}`;
    request({ socketPath: join(directory, 'control.sock'), path }, resolve)
      .once('error', reject)
      .end();
  });
  response.on('error', () => {});
  open.push(response);
  return (async function* () {
    for await (const text of createInterface({ input: response })) yield JSON.parse(text) as Line;
  })();
}

async function until(lines: AsyncIterator<Line>, wanted: (line: Line) => boolean): Promise<Line> {
  for (;;) {
    const { done, value } = await lines.next();
    if (done === true) throw new Error('the stream ended');
    if (wanted(value)) return value;
  }
}

test('begins with what it is, then the state, then values as they come', async () => {
  const lines = await live();
  expect((await lines.next()).value).toMatchObject({ live: 1, resumed: false, topicsMax: 10_000 });
  const first = await until(lines, (line) => line.sections !== undefined);
  expect(first.sections).toMatchObject({ status: { realmName: 'farm' }, peers: [], gaps: { total: 0 } });
  await mesh.publish('site/temp', '21.5');
  const { topics } = await until(lines, (line) => line.topics !== undefined);
  expect(topics).toEqual({
    total: 1,
    messages: 1,
    authors: [[0, mesh.node, 'fake']],
    new: [[1, 'site/temp', 'main']],
    values: [[1, '21.5', 4, 1_000, 0, 1]],
  });
});

test('sends no more than what changed to a reader that comes back', async () => {
  const lines = await live();
  await until(lines, (line) => line.sections !== undefined);
  await mesh.publish('site/temp', '21.5');
  const { at } = await until(lines, (line) => line.topics !== undefined);
  const again = await live(`?since=${at}`);
  expect((await again.next()).value).toMatchObject({ resumed: true });
  await mesh.publish('site/humidity', '63');
  const { topics } = await until(again, (line) => line.topics !== undefined);
  expect(topics).toMatchObject({ total: 2, authors: [], new: [[2, 'site/humidity', 'main']] });
});

test('hands every message of a watched filter on, the newest 500 of a batch', async () => {
  const lines = await live('?watch=a/%2B&watch=b');
  await until(lines, (line) => line.sections !== undefined);
  await mesh.publishMany(
    Array.from({ length: 600 }, (_, n) => ({ topic: n % 2 === 0 ? 'a/x' : 'b', payload: String(n) })),
  );
  await mesh.publish('c', 'not watched');
  const { watched } = await until(lines, (line) => line.watched !== undefined);
  expect(watched!.left).toBe(100);
  expect(watched!.messages).toHaveLength(500);
  expect(watched!.messages.at(-1)).toMatchObject({ topic: 'b', payload: '599', name: 'fake' });
});

test('refuses a filter that is none', async () => {
  const lines = await live('?watch=a/%23/b');
  expect((await lines.next()).value).toMatchObject({ error: { code: 'topic.bad-filter' } });
});

test('reads the mesh once for all who look, and lets it go with them', async () => {
  const [one, two] = [await live(), await live()];
  await until(one, (line) => line.sections !== undefined);
  await until(two, (line) => line.sections !== undefined);
  expect(mesh.open.size).toBe(1);
  await server.stop();
  expect(mesh.open.size).toBe(0);
});
