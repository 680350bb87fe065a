import type { NodeId } from '../identity/index.ts';
import type { MessageClient } from './message-client.ts';
import type { Origin } from './origin.ts';

/** Id of an entry: first 16 bytes of SHA-256 over the whole entry, as 32 hexadecimal digits. */
export type EntryId = string & { readonly brand: 'EntryId' };

/** Epoch of a log: 8 random bytes as 16 hexadecimal digits; never ordered. */
export type EpochId = string & { readonly brand: 'EpochId' };

/** Names a log within its channel: `<author>/<epoch>`. */
export type LogId = string & { readonly brand: 'LogId' };

/** Id of a publish that may be retried: a producer's name and its running number. */
export interface PublishId {
  /** 1 to 64 bytes of UTF-8. */
  readonly producer: string;
  /** 0 to 2^48 - 1. */
  readonly n: number;
}

/** One message of an entry. */
export interface Message {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Author's clock, milliseconds since 1970. For people, never for order. */
  readonly timeMs: number;
  /** Key 1. */
  readonly contentType?: string;
  /** Key 2. */
  readonly key?: string;
  /** Key 3. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Key 4: the last value of its topic in the sense of MQTT; an empty payload clears it. */
  readonly retain?: boolean;
  /** Key 5: the device that a reading came from. */
  readonly origin?: Origin;
  /** Key 6: the client of a gateway that published it. */
  readonly client?: MessageClient;
  /** Key 7: number that this message had in an epoch of its author that ended in a fork. */
  readonly was?: { readonly epoch: EpochId; readonly seq: number };
  /** Key 8. */
  readonly publishId?: PublishId;
  /** Keys that this version does not know (a 5 that is no origin and a 6 that is no client among them), kept as they came. */
  readonly extra?: ReadonlyMap<number, unknown>;
}

/** What an entry says of itself, before any look at its messages. */
export interface EntryHeader {
  readonly version: number;
  readonly author: NodeId;
  readonly channel: string;
  readonly epoch: EpochId;
  /** Number of the first message; numbers start at 1. */
  readonly seq: number;
  /** How many messages, 1 to 256. */
  readonly count: number;
  /** That many numbers just before `seq` may be unused. */
  readonly skip: number;
  /** Id of the last entry the author still had; `null` only for the first. */
  readonly prev: EntryId | null;
  readonly lamport: number;
  /** Author's clock, milliseconds since 1970. */
  readonly timeMs: number;
  /** Lifetime in seconds, 0 for the channel's. */
  readonly ttlSeconds: number;
}

/** A decoded entry together with the bytes it came as, which alone are signed, stored and handed on. */
export interface Entry extends EntryHeader {
  readonly bytes: Uint8Array;
  readonly id: EntryId;
  /** `null` where the entry is of a version that this node carries but cannot deliver. */
  readonly messages: readonly Message[] | null;
}

/** The log of an entry, within its channel. */
export function logIdOf(header: Pick<EntryHeader, 'author' | 'epoch'>): LogId {
  return `${header.author}/${header.epoch}` as LogId;
}

/** Author and epoch of a log. */
export function splitLogId(log: LogId): { author: NodeId; epoch: EpochId } {
  const slash = log.indexOf('/');
  return { author: log.slice(0, slash) as NodeId, epoch: log.slice(slash + 1) as EpochId };
}

/** Number of the last message of an entry. */
export function lastSeqOf(header: Pick<EntryHeader, 'seq' | 'count'>): number {
  return header.seq + header.count - 1;
}
