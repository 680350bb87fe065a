import { isProvisioned, type Provision, provisionPayload } from '../seal/index.ts';
import type { DeviceId } from './device-facts.ts';
import { deviceIdBytes } from './greeting-codec.ts';
import type { ProvisionOffer, SessionEffect } from './session-events.ts';

const INTERVAL_MS = 1_000;
const PATIENCE_MS = 15_000;

/** Gives a fresh device its key, if one is offered. */
export class Provisioner {
  #offer: ProvisionOffer | null = null;
  #provision: Provision | null = null;
  #endsAtMs = 0;
  #nextAtMs: number | null = null;
  #isTagBad = false;

  get wakeAtMs(): number | null {
    if (this.#offer === null) return null;
    return Math.min(this.#nextAtMs ?? Number.POSITIVE_INFINITY, this.#endsAtMs);
  }

  /** Whether a device is waited for. */
  get isWaiting(): boolean {
    return this.#offer !== null;
  }

  begin(offer: ProvisionOffer, nowMs: number): void {
    this.#offer = offer;
    this.#provision = {
      deviceId: deviceIdBytes(offer.deviceId),
      key: offer.key,
      epochFloor: offer.epochFloor,
    };
    this.#endsAtMs = nowMs + PATIENCE_MS;
    this.#nextAtMs = null;
    this.#isTagBad = false;
  }

  /** A device answered a HELLO. */
  met(hasKey: boolean, nowMs: number): SessionEffect | null {
    if (this.#offer === null) return null;
    if (hasKey && !this.#offer.force) return this.#fail('has-key');
    this.#nextAtMs ??= nowMs;
    return null;
  }

  /** A device proved in a HELLO_ACK that it has the key of this id. */
  verified(id: DeviceId): SessionEffect | null {
    return this.#offer?.deviceId === id ? this.#succeed() : null;
  }

  /** A PROVISIONED came: `null` if it is not the answer that is waited for. */
  answered(payload: Uint8Array): SessionEffect | null {
    if (this.#provision === null) return null;
    if (isProvisioned(this.#provision, payload)) return this.#succeed();
    this.#isTagBad = true;
    return null;
  }

  /** The payload of a PROVISION to be sent now. */
  due(nowMs: number): Uint8Array | null {
    if (this.#provision === null || this.#nextAtMs === null || nowMs < this.#nextAtMs) return null;
    this.#nextAtMs = nowMs + INTERVAL_MS;
    return provisionPayload(this.#provision);
  }

  /** Gives up in the end. */
  expire(nowMs: number): SessionEffect | null {
    if (this.#offer === null || nowMs < this.#endsAtMs) return null;
    return this.#fail(this.#isTagBad ? 'bad-tag' : 'no-answer');
  }

  /** The port is gone. */
  closed(): SessionEffect | null {
    return this.#offer === null ? null : this.#fail('no-answer');
  }

  #succeed(): SessionEffect {
    return { kind: 'provisioned', deviceId: this.#end() };
  }

  #fail(cause: 'no-answer' | 'has-key' | 'bad-tag'): SessionEffect {
    return { kind: 'provision-failed', deviceId: this.#end(), cause };
  }

  #end(): DeviceId {
    const { deviceId } = this.#offer!;
    this.#offer = null;
    this.#provision = null;
    return deviceId;
  }
}
