import { randomBytes } from 'node:crypto';
import { type ErrorCode, SedgeError } from '../../../src/errors/index.ts';
import { DEVICE_KEY_BYTES, type DeviceBook, type DeviceRecord } from '../devices/index.ts';
import type { DeviceId, SessionEffect, SessionEvent } from '../session/index.ts';

/** Options of `provision`. */
export interface ProvisionOptions {
  /** @defaultValue the device's new id */
  readonly name?: string;
  /** @defaultValue 115,200 */
  readonly baudRate?: number;
  readonly prefix?: string;
  readonly topics?: readonly string[];
  /** Also a device that has a key already; its sketch must allow it. */
  readonly force?: boolean;
}

/** What a {@link ProvisionFlow} works with. */
export interface ProvisionFlowDependencies {
  readonly book: DeviceBook;
  /** To the session of the port. */
  readonly send: (event: SessionEvent) => void;
}

/**
 * Gives the device at a port a key and takes it into the book: waits until it says that it has none, makes id and key,
 * keeps them, and only then sends them.
 */
export class ProvisionFlow {
  readonly #options: ProvisionOptions;
  readonly #deps: ProvisionFlowDependencies;
  readonly #done = Promise.withResolvers<DeviceRecord>();
  #offered: DeviceRecord | null = null;
  #offering = false;

  constructor(options: ProvisionOptions, deps: ProvisionFlowDependencies) {
    this.#options = options;
    this.#deps = deps;
    // Whoever waits hears of it; nobody waiting is no failure of the process.
    this.#done.promise.catch(() => {});
  }

  /**
   * The device, once it has its key. Rejects with `device.provisioned`, `device.provision-failed`, `device.protocol`, and
   * what the book throws.
   */
  get done(): Promise<DeviceRecord> {
    return this.#done.promise;
  }

  /** Gives up. */
  fail(code: ErrorCode, details: Readonly<Record<string, string | number>> = {}): void {
    this.#done.reject(new SedgeError(code, details));
  }

  /** What the session of the port wants. */
  onEffect(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'unprovisioned':
        void this.#offer();
        break;
      case 'greeting':
      case 'online':
        this.#hasKey(this.#deps.book.get(effect.device.id)?.name ?? effect.device.id);
        break;
      case 'device-refused':
        if (effect.cause === 'wrong-protocol')
          this.fail('device.protocol', { protocol: effect.protocol ?? 0 });
        else this.#hasKey(effect.deviceId ?? 'unknown');
        break;
      case 'provisioned':
        if (effect.deviceId === this.#offered?.id) this.#done.resolve(this.#offered);
        break;
      case 'provision-failed':
        if (effect.deviceId === this.#offered?.id) void this.#failed(effect.cause);
        break;
      default:
        break;
    }
  }

  #hasKey(device: DeviceId | string): void {
    if (this.#offering) return;
    if (this.#options.force) void this.#offer();
    else this.fail('device.provisioned', { device });
  }

  async #offer(): Promise<void> {
    if (this.#offering) return;
    this.#offering = true;
    try {
      const record = this.#unfinished() ?? (await this.#newRecord());
      this.#offered = record;
      const { id, key } = record;
      const force = this.#options.force ?? false;
      this.#deps.send({ kind: 'provision', offer: { deviceId: id, key, epochFloor: record.epoch, force } });
    } catch (error) {
      this.#done.reject(error);
    }
  }

  /** A device of that name that was never heard: an attempt before this one, cut off before its key was sent. */
  #unfinished(): DeviceRecord | null {
    const { name } = this.#options;
    const record = this.#deps.book.list().find((one) => one.name === name) ?? null;
    return record?.epoch === 0 && record.lastHeardAtMs === null ? record : null;
  }

  #newRecord(): Promise<DeviceRecord> {
    const { name, prefix, topics } = this.#options;
    return this.#deps.book.add({
      id: randomBytes(8).toString('hex'),
      key: randomBytes(DEVICE_KEY_BYTES),
      ...(name === undefined ? {} : { name }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(topics === undefined ? {} : { topics }),
    });
  }

  async #failed(cause: 'no-answer' | 'has-key' | 'bad-tag'): Promise<void> {
    const { id, name } = this.#offered!;
    // It certainly did not take the key; in the other cases it may have, and then this is the only copy.
    if (cause === 'has-key') await this.#deps.book.remove(id).catch(() => {});
    if (cause === 'has-key') this.fail('device.provisioned', { device: name });
    else this.fail('device.provision-failed', { device: name, cause });
  }
}
