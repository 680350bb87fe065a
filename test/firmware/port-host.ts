import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type DeviceId,
  DeviceSessionState,
  type KnownDevice,
  type SessionEffect,
  type SessionEvent,
} from '../../firmware-bridge/host/session/index.ts';
import { makeTransport, type Transport } from '../../firmware-bridge/host/transport/index.ts';
import { encodeDeviceValue, type HostValue } from '../../firmware-bridge/host/value/index.ts';

/** Far above what a board needs, below the time-out of a test, so that a failure says what came instead. */
const PATIENCE_MS = 45_000;

type Effect<K extends SessionEffect['kind']> = Extract<SessionEffect, { readonly kind: K }>;

/**
 * A host at a real serial port: the session of the bridge, carried out in the simplest way. Whatever a device sends is
 * durable at once, and all that the session wants is kept to be looked at.
 */
export class PortHost {
  readonly effects: SessionEffect[] = [];
  readonly #transport: Transport;
  readonly #session: DeviceSessionState;
  #device: KnownDevice | null = null;
  #timer: NodeJS.Timeout | null = null;
  #commands = 0;
  #heard = () => {};

  /** `device`: one that has its key already. */
  constructor(path: string, device: KnownDevice | null = null) {
    this.#device = device;
    this.#transport = makeTransport({ kind: 'serial', path, baudRate: 115_200 });
    this.#session = new DeviceSessionState({
      deviceOf: (id) => (this.#device?.id === id ? this.#device : null),
      randomBytes: (length) => randomBytes(length),
      utcMs: () => Date.now(),
    });
  }

  /** What is kept of the device. */
  get device(): KnownDevice | null {
    return this.#device;
  }

  async open(): Promise<void> {
    await this.#transport.open({
      onBytes: (bytes) => this.#handle({ kind: 'bytes', bytes }),
      onClosed: (failure) => {
        throw failure;
      },
    });
    this.#handle({ kind: 'opened' });
  }

  async close(): Promise<void> {
    this.#handle({ kind: 'closed' });
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#transport.close();
  }

  /** Gives the device a key, and resolves when it has it. */
  async provision(): Promise<void> {
    const id = randomBytes(8).toString('hex') as DeviceId;
    const key = randomBytes(16);
    this.#device = { id, key, epoch: 0, readingsDone: 0, topicsCrc: null, topics: [] };
    this.#handle({ kind: 'provision', offer: { deviceId: id, key, epochFloor: 0 } });
    await this.next('provisioned');
  }

  /** Has the device do a command; resolves to its result. */
  async command(name: string, value: HostValue = null): Promise<Effect<'result'>> {
    this.#commands += 1;
    const command = {
      id: this.#commands,
      name,
      args: encodeDeviceValue(value)!,
      expiresAtMs: null,
      sentInEpoch: null,
    };
    this.#handle({ kind: 'command', command });
    return this.next('result', ({ id }) => id === command.id);
  }

  /** The first effect of a kind that meets a condition; waits for it. */
  async next<K extends SessionEffect['kind']>(
    kind: K,
    meets: (effect: Effect<K>) => boolean = () => true,
  ): Promise<Effect<K>> {
    const isWanted = (effect: SessionEffect): effect is Effect<K> =>
      effect.kind === kind && meets(effect as Effect<K>);
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = this.effects.find(isWanted);
      if (found !== undefined) return found;
      const heard = new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
      await Promise.race([heard, once(patience, 'abort')]);
      if (patience.aborted) throw new Error(`no ${kind}, but ${JSON.stringify(this.effects.slice(-20))}`);
    }
  }

  /** What came of a kind, all of it. */
  all<K extends SessionEffect['kind']>(kind: K): Effect<K>[] {
    return this.effects.filter((effect): effect is Effect<K> => effect.kind === kind);
  }

  #handle(event: SessionEvent): void {
    const nowMs = performance.now();
    for (const effect of this.#session.handle(event, nowMs)) this.#carryOut(effect);
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { wakeAtMs } = this.#session;
    if (wakeAtMs !== null) {
      const waitMs = Math.max(0, wakeAtMs - performance.now());
      this.#timer = setTimeout(() => this.#handle({ kind: 'wake' }), waitMs);
    }
    this.#heard();
  }

  #carryOut(effect: SessionEffect): void {
    if (effect.kind === 'write') {
      this.#transport.write(effect.bytes);
      return;
    }
    this.effects.push(effect);
    if (effect.kind === 'greeting' && this.#device !== null) {
      this.#device = { ...this.#device, epoch: effect.device.epoch };
    }
    if ('ticket' in effect && effect.ticket !== null) {
      const { ticket } = effect;
      // After the effects that came with it, as with a real mesh.
      setImmediate(() => this.#handle({ kind: 'done', ticket }));
    }
  }
}
