import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceSession } from '../../../firmware-bridge/host/bridge/device-session.ts';
import { PortService } from '../../../firmware-bridge/host/bridge/port-service.ts';
import type { SessionEffect, SessionEvent } from '../../../firmware-bridge/host/session/index.ts';
import type { Transport, TransportListener } from '../../../firmware-bridge/host/transport/index.ts';
import { SedgeError, silentLog } from '../../../src/index.ts';

/** A session that does what the test says and remembers what it was told. */
class ScriptedSession implements DeviceSession {
  readonly told: SessionEvent[] = [];
  wakeAtMs: number | null = null;
  answer: (event: SessionEvent) => readonly SessionEffect[] = () => [];

  handle(event: SessionEvent): readonly SessionEffect[] {
    this.told.push(event);
    if (event.kind === 'wake') this.wakeAtMs = null;
    return this.answer(event);
  }

  counters() {
    return { frames: 7 };
  }

  get kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }
}

class ScriptedTransport implements Transport {
  readonly written: Uint8Array[] = [];
  listener: TransportListener | null = null;
  closed = 0;
  failure: SedgeError | null = null;

  async open(listener: TransportListener): Promise<void> {
    if (this.failure !== null) throw this.failure;
    this.listener = listener;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return true;
  }

  async close(): Promise<void> {
    this.closed++;
  }
}

const missing = new SedgeError('serial.port-missing');

describe('the service of a port', () => {
  let session: ScriptedSession;
  let transports: ScriptedTransport[];
  let failure: SedgeError | null;
  let effects: string[];
  let port: PortService;

  beforeEach(() => {
    vi.useFakeTimers();
    session = new ScriptedSession();
    transports = [];
    failure = null;
    effects = [];
    port = new PortService(
      { address: { kind: 'tcp', host: 'box', port: 23 }, source: 'given' },
      {
        makeTransport: () => {
          const transport = new ScriptedTransport();
          transport.failure = failure;
          transports.push(transport);
          return transport;
        },
        makeSession: () => session,
        viewOf: () => ({ deviceOf: () => null, randomBytes: (n) => new Uint8Array(n), utcMs: () => 0 }),
        onEffects: (_port, list) => effects.push(...list.map(({ kind }) => kind)),
        onPhase: () => {},
        isTaken: () => false,
        log: silentLog,
        elapsedMs: () => Date.now(),
        random: () => 1,
      },
    );
  });
  afterEach(async () => {
    await port.stop();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  const turn = (ms = 0) => vi.advanceTimersByTimeAsync(ms);
  async function open(): Promise<ScriptedTransport> {
    port.start();
    await turn();
    return transports.at(-1)!;
  }

  it('tells its session of the opening, of bytes, and of the end', async () => {
    const transport = await open();
    transport.listener!.onBytes(Uint8Array.of(1));
    transport.listener!.onClosed(missing);
    expect(session.kinds).toEqual(['opened', 'bytes', 'closed']);
    expect(port.phase).toBe('waiting');
    expect(port.counters()).toMatchObject({ opened: 1, ended: 1, bytesIn: 1, frames: 7 });
  });

  it('writes what its session wants as one piece, and hands on the rest', async () => {
    session.answer = ({ kind }) =>
      kind === 'opened'
        ? [
            { kind: 'write', bytes: Uint8Array.of(1) },
            { kind: 'unprovisioned', firmware: 1 },
            { kind: 'write', bytes: Uint8Array.of(2) },
          ]
        : [];
    const transport = await open();
    expect(transport.written.map((bytes) => [...bytes])).toEqual([[1, 2]]);
    expect(effects).toEqual(['unprovisioned']);
  });

  it('wakes its session when that is due, and not before', async () => {
    await open();
    session.wakeAtMs = Date.now() + 100;
    port.send({ kind: 'room', hasRoom: true });
    await turn(99);
    expect(session.kinds).not.toContain('wake');
    await turn(1);
    expect(session.kinds.filter((kind) => kind === 'wake')).toHaveLength(1);
    await turn(10_000);
    expect(session.kinds.filter((kind) => kind === 'wake')).toHaveLength(1);
  });

  it('wakes it earlier if it says so later', async () => {
    await open();
    session.wakeAtMs = Date.now() + 1_000;
    port.send({ kind: 'room', hasRoom: true });
    session.wakeAtMs = Date.now() + 10;
    port.send({ kind: 'room', hasRoom: true });
    await turn(10);
    expect(session.kinds).toContain('wake');
  });

  it('opens a new transport each time, and keeps its session', async () => {
    const first = await open();
    first.listener!.onClosed(missing);
    await turn(250);
    expect(transports).toHaveLength(2);
    expect(session.kinds).toEqual(['opened', 'closed', 'opened']);
    // What still comes from the one that is gone means nothing.
    first.listener!.onBytes(Uint8Array.of(1));
    expect(session.kinds).toEqual(['opened', 'closed', 'opened']);
  });

  it('closes a dead port before it opens it anew', async () => {
    session.answer = ({ kind }) => (kind === 'bytes' ? [{ kind: 'reopen', heard: true }] : []);
    const transport = await open();
    transport.listener!.onBytes(Uint8Array.of(1));
    await turn();
    expect(transport.closed).toBe(1);
    await turn(250);
    expect(transports).toHaveLength(2);
    expect(session.kinds).toEqual(['opened', 'bytes', 'closed', 'opened']);
  });

  it('says why it is not open, and tries again', async () => {
    failure = new SedgeError('serial.port-denied', { port: '/dev/ttyUSB0' });
    await open();
    expect(port.problem?.code).toBe('serial.port-denied');
    failure = null;
    await turn(250);
    expect(port.phase).toBe('open');
    expect(port.problem).toBeNull();
    expect(transports[0]!.closed).toBe(1);
  });

  it('lets go of the port before it says so', async () => {
    const transport = await open();
    await port.release();
    expect(transport.closed).toBe(1);
    expect(port.phase).toBe('released');
    await turn(60_000);
    expect(transports).toHaveLength(1);
    port.reclaim();
    await turn();
    expect(port.phase).toBe('open');
  });

  it('takes an answer that comes while it tells its session something, after that', async () => {
    const transport = await open();
    const order: string[] = [];
    session.answer = (event) => {
      order.push(`begin ${event.kind}`);
      if (event.kind === 'bytes') port.send({ kind: 'greet' });
      order.push(`end ${event.kind}`);
      return [];
    };
    transport.listener!.onBytes(Uint8Array.of(1));
    expect(order).toEqual(['begin bytes', 'end bytes', 'begin greet', 'end greet']);
  });
});
