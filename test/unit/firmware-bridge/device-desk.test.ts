import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DeviceDesk } from '../../../firmware-bridge/host/bridge/device-desk.ts';
import { MeshIntake } from '../../../firmware-bridge/host/bridge/mesh-intake.ts';
import { MonitorHub } from '../../../firmware-bridge/host/bridge/monitor-hub.ts';
import type { PortService } from '../../../firmware-bridge/host/bridge/port-service.ts';
import { DeviceBook } from '../../../firmware-bridge/host/devices/index.ts';
import type {
  DeviceFacts,
  DeviceId,
  GapEffect,
  GreetingEffect,
  SessionEvent,
  Ticket,
} from '../../../firmware-bridge/host/session/index.ts';
import { type PublishOptions, silentLog } from '../../../src/index.ts';

const ID = '00112233445566aa' as DeviceId;
const nowMs = () => 1_700_000_000_000;

let folder: string;
let book: DeviceBook;
let intake: MeshIntake;
let disk: PromiseWithResolvers<void>;
let told: Record<string, unknown>[];
let desk: DeviceDesk;
let answers: SessionEvent[];
let port: PortService;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sedge-desk-'));
  book = await DeviceBook.open(folder, { log: silentLog, nowMs });
  await book.add({ id: ID, name: 'uno-1', key: new Uint8Array(16) });
  book.change(ID, { epoch: 1, readingsDone: 4 });
  disk = Promise.withResolvers();
  told = [];
  answers = [];
  const known = new Map<string, Set<number>>();
  const publish = async (_: string, payload: Uint8Array | string, { id }: PublishOptions = {}) => {
    await disk.promise;
    if (id === undefined || known.get(id.producer)?.has(id.n)) return;
    known.set(id.producer, (known.get(id.producer) ?? new Set()).add(id.n));
    const { epoch, throughEpoch, first, last } = JSON.parse(Buffer.from(payload as never).toString());
    told.push({ epoch, first, last, ...(throughEpoch === undefined ? {} : { throughEpoch }) });
  };
  intake = new MeshIntake({ mesh: { publish: publish as never }, log: silentLog, onRoom: () => {} });
  const mesh = {
    name: 'pi',
    findPublished: async ({ producer, n }: { producer: string; n: number }) =>
      known.get(producer)?.has(n) ? {} : null,
    publishedBy: async () => [],
  };
  desk = new DeviceDesk({
    book,
    intake,
    mesh: mesh as never,
    ack: 'durable',
    log: silentLog,
    nowMs,
    elapsedMs: () => performance.now(),
    commands: () => null,
    monitors: new MonitorHub(),
    randomBytes: (length) => new Uint8Array(length),
  });
  port = {
    path: '/dev/x',
    info: null,
    phase: 'open',
    send: (event: SessionEvent) => answers.push(event),
  } as never;
});

afterEach(() => {
  intake.stop();
  rmSync(folder, { recursive: true, force: true });
});

let tickets = 0;

function greeting(epoch: number): GreetingEffect {
  const device = { id: ID, epoch, firmware: 1 } as DeviceFacts;
  return { kind: 'greeting', ticket: ++tickets as Ticket, device };
}

function lost(epoch: number, first: number, last: number | null, throughEpoch?: number): GapEffect {
  const through = throughEpoch === undefined ? {} : { throughEpoch };
  return {
    kind: 'gap',
    ticket: ++tickets as Ticket,
    deviceId: ID,
    epoch,
    ...through,
    first,
    last,
    reason: 'reset',
  };
}

const isDone = ({ ticket }: GreetingEffect) =>
  answers.some((event) => event.kind === 'done' && event.ticket === ticket);

it('keeps greetings one after the other, and tells each epoch once, where a device starts anew meanwhile', async () => {
  // What was known of both is epoch 1: nothing of the first greeting could be kept before the second came.
  const first = greeting(4);
  desk.onEffects(port, [lost(1, 5, null), lost(2, 1, null), lost(3, 1, 69), first]);
  const second = greeting(5);
  desk.onEffects(port, [lost(1, 5, null), lost(2, 1, null, 4), second]);
  disk.resolve();
  await vi.waitFor(() => expect(isDone(second)).toBe(true));
  expect(told).toEqual([
    { epoch: 1, first: 5, last: null },
    { epoch: 2, first: 1, last: null },
    { epoch: 3, first: 1, last: 69 },
    { epoch: 4, first: 1, last: null },
  ]);
  expect(isDone(first)).toBe(true);
  expect(book.get(ID)).toMatchObject({ epoch: 5, readingsDone: 0 });
});
