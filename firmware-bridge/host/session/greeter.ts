import { HOST_NONCE_BYTES } from './greeting-codec.ts';

/** After opening a port: many boards start anew then, and their bootloader must not be spoken to. */
const QUIET_MS = 3_000;
const INTERVAL_MS = 1_000;
/** After a greeting that something came back to, but too damaged to be read. */
const DAMAGED_MS = 250;
/** Between greetings that the other side asked for; a device begins no more sessions than that. */
const INTERVAL_MS_MIN = 200;
/** A device that got no session is greeted again after this. */
const REFUSED_MS = 10_000;

/**
 * When a host says HELLO, and under which nonce. The nonce stays while the port is open and nothing went wrong: a
 * device that has the session of this nonce answers, and nothing else changes, so that a forged RESET breaks nothing.
 */
export class Greeter {
  readonly #randomBytes: (length: number) => Uint8Array;
  #state: 'closed' | 'quiet' | 'greeting' | 'refused' | 'settled' = 'closed';
  #nonce: Uint8Array;
  #nextAtMs: number | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(randomBytes: (length: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
    this.#nonce = randomBytes(HOST_NONCE_BYTES);
  }

  /** The nonce of the next HELLO. */
  get nonce(): Uint8Array {
    return this.#nonce;
  }

  get wakeAtMs(): number | null {
    return this.#nextAtMs;
  }

  opened(nowMs: number): void {
    this.#begin('quiet', nowMs + QUIET_MS);
  }

  closed(): void {
    this.#state = 'closed';
    this.#nextAtMs = null;
  }

  /** Greets now, under a new nonce. */
  restart(nowMs: number): void {
    if (this.#state !== 'closed') this.#begin('greeting', this.#soonest(nowMs));
  }

  /** Leaves the device alone for a while, then greets under a new nonce; false if that was so already. */
  refused(nowMs: number): boolean {
    if (this.#state === 'closed' || this.#state === 'refused') return false;
    this.#begin('refused', nowMs + REFUSED_MS);
    return true;
  }

  /** The device answered as it should. */
  settled(): void {
    this.#state = 'settled';
    this.#nextAtMs = null;
  }

  /** A valid frame came: somebody is there. */
  heard(nowMs: number): void {
    if (this.#state === 'quiet') this.#greetAt(nowMs);
  }

  /** The device says that it has no session. */
  heardReset(nowMs: number): void {
    if (this.#state !== 'refused' && this.#state !== 'closed') this.#greetAt(this.#soonest(nowMs));
  }

  /** Bytes came that are no frame: perhaps the answer. */
  heardDamage(nowMs: number): void {
    if (this.#state === 'greeting') this.#greetAt(Math.max(nowMs, this.#lastMs + DAMAGED_MS));
  }

  /** Something is wrong with the session, or nothing is heard: greets under the nonce that the session has. */
  ask(nowMs: number): void {
    if (this.#state === 'settled') this.#greetAt(Math.max(nowMs, this.#lastMs + INTERVAL_MS));
  }

  /** Whether a HELLO is to be said now. */
  isDue(nowMs: number): boolean {
    if (this.#nextAtMs === null || nowMs < this.#nextAtMs) return false;
    this.#state = 'greeting';
    this.#lastMs = nowMs;
    this.#nextAtMs = nowMs + INTERVAL_MS;
    return true;
  }

  #soonest(nowMs: number): number {
    return Math.max(nowMs, this.#lastMs + INTERVAL_MS_MIN);
  }

  #begin(state: 'quiet' | 'greeting' | 'refused', atMs: number): void {
    this.#state = state;
    this.#nonce = this.#randomBytes(HOST_NONCE_BYTES);
    this.#nextAtMs = atMs;
  }

  #greetAt(atMs: number): void {
    this.#state = 'greeting';
    this.#nextAtMs = Math.min(this.#nextAtMs ?? Number.POSITIVE_INFINITY, atMs);
  }
}
