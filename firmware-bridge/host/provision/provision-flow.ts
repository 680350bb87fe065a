import { randomBytes } from 'node:crypto';
import { type ErrorCode, SedgeError } from '../../../src/errors/index.ts';
import {
  DEVICE_KEY_BYTES,
  type DeviceBook,
  type DeviceDraft,
  type DeviceRecord,
  newDeviceRecord,
} from '../devices/index.ts';
import type { DeviceId, SessionEffect, SessionEvent } from '../session/index.ts';

/** Options of `provision`. */
export interface ProvisionOptions {
  /** @defaultValue the device's new id */
  readonly name?: string;
  /** @defaultValue 115,200 */
  readonly baudRate?: number;
  readonly prefix?: string;
  readonly topics?: readonly string[];
  /** Its Ed25519 public key, 32 bytes: readings that it did not sign are refused. */
  readonly signingKey?: Uint8Array;
  /** Also a device that has a key already; its sketch must allow it. */
  readonly force?: boolean;
}

/** A new device begins with the epoch after it. */
const EPOCH_FLOOR = 0;

/** What a {@link ProvisionFlow} works with. */
export interface ProvisionFlowDependencies {
  readonly book: DeviceBook;
  /** To the session of the port. */
  readonly send: (event: SessionEvent) => void;
  /** Wall clock, ms since 1970. */
  readonly nowMs: () => number;
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
  /** The key was sent, and nobody said that it arrived. */
  #unanswered = false;

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

  /** Gives up, for that reason unless the key is on its way already. */
  giveUp(code: ErrorCode, details: SedgeError['details'] = {}): void {
    const offered = this.#offered;
    if (offered === null) this.#fail(code, details);
    // The device may have taken it, and then this is the only copy: it stays in the book.
    else this.#fail('device.provision-failed', { device: offered.name });
  }

  /** What the session of the port wants. */
  onEffect(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'unprovisioned':
        if (this.#unanswered) void this.#forget('device.provision-failed', this.#offered!.name);
        else void this.#offer();
        break;
      case 'greeting':
      case 'online':
        this.#speaks(effect.device.id);
        break;
      case 'device-refused':
        if (effect.cause === 'wrong-protocol')
          this.#fail('device.protocol', { protocol: effect.protocol ?? 0 });
        else this.#speaks(effect.deviceId);
        break;
      case 'provisioned':
        if (effect.deviceId === this.#offered?.id) this.#finish(this.#offered);
        break;
      case 'provision-failed':
        if (effect.deviceId !== this.#offered?.id) break;
        if (effect.cause === 'has-key') void this.#forget('device.provisioned', this.#offered.name);
        else this.#askAgain();
        break;
      default:
        break;
    }
  }

  /** What the device says next tells whether it took the key and only its answer got lost. */
  #askAgain(): void {
    this.#unanswered = true;
    this.#deps.send({ kind: 'greet' });
  }

  /** A device with a key. */
  #speaks(id: DeviceId | null): void {
    const offered = this.#offered;
    if (offered !== null && id === offered.id) this.#finish(offered);
    else if (this.#unanswered) void this.#forget('device.provisioned', id ?? 'unknown');
    else if (this.#offering) return;
    else if (this.#options.force) void this.#offer();
    else
      this.#fail('device.provisioned', { device: (id && this.#deps.book.get(id)?.name) ?? id ?? 'unknown' });
  }

  /** It has its key: the next attempt of that name is for another board, and gets no copy of it. */
  #finish({ id }: DeviceRecord): void {
    this.#done.resolve(this.#deps.book.change(id, { lastHeardAtMs: this.#deps.nowMs() }) ?? this.#offered!);
  }

  #fail(code: ErrorCode, details: SedgeError['details']): void {
    this.#done.reject(new SedgeError(code, details));
  }

  async #offer(): Promise<void> {
    if (this.#offering) return;
    this.#offering = true;
    try {
      const record = this.#unfinished() ?? (await this.#newRecord());
      this.#offered = record;
      const { id, key } = record;
      const force = this.#options.force ?? false;
      this.#deps.send({ kind: 'provision', offer: { deviceId: id, key, epochFloor: EPOCH_FLOOR, force } });
    } catch (error) {
      this.#done.reject(error);
    }
  }

  /** A device of that name that was never heard: an attempt before this one, cut off before its key was sent. */
  #unfinished(): DeviceRecord | null {
    const { name } = this.#options;
    const record = this.#deps.book.list().find((one) => one.name === name) ?? null;
    if (record?.epoch !== EPOCH_FLOOR + 1 || record.lastHeardAtMs !== null) return null;
    const { prefix, topicFilters, signingKey } = newDeviceRecord(
      { ...this.#draft(), id: record.id, key: record.key },
      record.addedAtMs,
    );
    return this.#deps.book.change(record.id, { prefix, topicFilters, signingKey });
  }

  #newRecord(): Promise<DeviceRecord> {
    // Known before it is heard, so that what it took in that epoch is missed if it boots again before it is heard.
    return this.#deps.book.add(this.#draft(), { epoch: EPOCH_FLOOR + 1 });
  }

  /** What the options say, with a new id and key. */
  #draft(): DeviceDraft {
    const { name, prefix, topics, signingKey } = this.#options;
    return {
      id: randomBytes(8).toString('hex'),
      key: randomBytes(DEVICE_KEY_BYTES),
      ...(name === undefined ? {} : { name }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(topics === undefined ? {} : { topics }),
      ...(signingKey === undefined ? {} : { signingKey }),
    };
  }

  /** The device certainly did not take the key. */
  async #forget(code: ErrorCode, device: string): Promise<void> {
    await this.#deps.book.remove(this.#offered!.id).catch(() => {});
    this.#fail(code, { device });
  }
}
