import type { PublishPacket } from './packet/packet-codec.ts';
import { type PacketFault, REASON } from './packet/reason-code.ts';

/** Options of {@link ConnectionState}. */
export interface ConnectionStateOptions {
  readonly connectTimeoutMs: number;
  readonly topicAliasMaximum: number;
}

/** The topic of a PUBLISH, or why it has none. */
export type ResolvedTopic =
  | { readonly ok: true; readonly topic: string }
  | ({ readonly ok: false } & PacketFault);

/** What a connection may do when, how long it may be silent, and its topic aliases. Pure. */
export class ConnectionState {
  readonly #options: ConnectionStateOptions;
  readonly #aliases = new Map<number, string>();
  #phase: 'new' | 'connecting' | 'connected' = 'new';
  /** Silent until then; `null` for as long as it likes. */
  #deadlineMs: number | null;
  #silenceMs = 0;

  constructor(options: ConnectionStateOptions, nowMs: number) {
    this.#options = options;
    this.#deadlineMs = nowMs + options.connectTimeoutMs;
  }

  /** No CONNECT came yet. */
  get expectsConnect(): boolean {
    return this.#phase === 'new';
  }

  get connected(): boolean {
    return this.#phase === 'connected';
  }

  /** A packet came. The fault, if it is out of place. */
  onPacket(cmd: string, nowMs: number): PacketFault | null {
    if (this.#phase === 'new') {
      if (cmd !== 'connect') return { reason: REASON.protocolError, rule: '3.1.0-1' };
      this.#phase = 'connecting';
      return null;
    }
    if (cmd === 'connect') return { reason: REASON.protocolError, rule: '3.1.0-2' };
    if (cmd === 'auth') return { reason: REASON.protocolError, rule: '4.12.0-6' };
    this.onActivity(nowMs);
    return null;
  }

  /** The client was let in. */
  onConnected(keepAliveSeconds: number, nowMs: number): void {
    this.#phase = 'connected';
    this.#silenceMs = keepAliveSeconds * 1_500;
    this.onActivity(nowMs);
  }

  /** Something came, or it is not the client's fault that nothing did. */
  onActivity(nowMs: number): void {
    if (this.#phase === 'connected')
      this.#deadlineMs = this.#silenceMs === 0 ? null : nowMs + this.#silenceMs;
  }

  /** The fault, if it was silent for too long (MQTT-3.1.2-22, in 3.1.1 -24). */
  onTime(nowMs: number): PacketFault | null {
    if (this.#deadlineMs === null || nowMs < this.#deadlineMs) return null;
    return this.#phase === 'connected'
      ? { reason: REASON.keepAliveTimeout, rule: '3.1.2-22' }
      : { reason: REASON.protocolError, rule: '3.1.4-1' };
  }

  /** The topic of a PUBLISH, by its alias where it has none of its own. */
  topicOf({ topic, properties }: Pick<PublishPacket, 'topic' | 'properties'>): ResolvedTopic {
    const alias = properties?.topicAlias;
    if (alias === undefined) return { ok: true, topic };
    if (alias > this.#options.topicAliasMaximum)
      return { ok: false, reason: REASON.topicAliasInvalid, rule: '3.3.2-9' };
    if (topic !== '') {
      this.#aliases.set(alias, topic);
      return { ok: true, topic };
    }
    const known = this.#aliases.get(alias);
    if (known === undefined) return { ok: false, reason: REASON.topicAliasInvalid, rule: '3.3.4' };
    return { ok: true, topic: known };
  }
}
