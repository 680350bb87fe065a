import { isUtf8 } from 'node:buffer';
import type { DeliveredGap, DeliveredMessage, MessageClient } from '../../src/index.ts';
import { type OriginJson, originToJson } from './origin-json.ts';

/** What a message carries beside topic, payload and numbers; absent where it has none. */
export interface MessageExtras {
  readonly contentType?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retain?: boolean;
  readonly origin?: OriginJson;
  readonly client?: ClientJson;
  readonly was?: { readonly epoch: string; readonly seq: number };
  readonly id?: { readonly producer: string; readonly n: number };
}

/** The client of a gateway that published a message. */
export interface ClientJson {
  readonly id: string;
  readonly user?: string;
  readonly qos?: 0 | 1 | 2;
}

/** A payload as text where it is UTF-8, else as base64. Both ways give the same bytes back. */
export type PayloadJson = { readonly payload: string } | { readonly payloadBase64: string };

/** A message as `sub --json` and the `lines` format of the control socket print it. */
export type MessageJson = {
  readonly author: string;
  readonly name: string;
  readonly topic: string;
  readonly channel: string;
  readonly epoch: string;
  readonly seq: number;
  /** Author's clock, milliseconds since 1970. */
  readonly time: number;
  readonly offset: string;
  readonly late: boolean;
} & PayloadJson &
  MessageExtras;

/** A gap as `sub --json` prints it. */
export interface GapJson {
  readonly gap: Omit<DeliveredGap, 'kind'>;
}

/** A payload for JSON. */
export function payloadToJson(payload: Uint8Array): PayloadJson {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return isUtf8(bytes) ? { payload: bytes.toString('utf8') } : { payloadBase64: bytes.toString('base64') };
}

/** A message for JSON; `payload` spares the conversion where it was made before. */
export function messageToJson(
  message: DeliveredMessage,
  payload = payloadToJson(message.payload),
): MessageJson {
  const { author, name, topic, channel, epoch, seq, timeMs, offset, late } = message;
  const extras = hasExtras(message) ? extrasOf(message) : undefined;
  return { author, name, topic, channel, epoch, seq, time: timeMs, offset, late, ...payload, ...extras };
}

/** A gap for JSON. */
export function gapToJson({ author, name, channel, epoch, first, last, reason }: DeliveredGap): GapJson {
  return { gap: { author, name, channel, epoch, first, last, reason } };
}

/** Cheap test for what most messages do not have. */
export function hasExtras(message: DeliveredMessage): boolean {
  return (
    message.contentType !== undefined ||
    message.key !== undefined ||
    message.headers !== undefined ||
    message.retain === true ||
    message.origin !== undefined ||
    message.client !== undefined ||
    message.was !== undefined ||
    message.publishId !== undefined
  );
}

/** A client for JSON; what this version does not know of it is left out. */
export function clientToJson({ extra: _, ...client }: MessageClient): ClientJson {
  return client;
}

/** The extras of a message for JSON. */
export function extrasOf(message: DeliveredMessage): MessageExtras {
  const { contentType, key, headers, retain, origin, client, was, publishId } = message;
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(retain === true ? { retain } : {}),
    ...(origin === undefined ? {} : { origin: originToJson(origin) }),
    ...(client === undefined ? {} : { client: clientToJson(client) }),
    ...(was === undefined ? {} : { was }),
    ...(publishId === undefined ? {} : { id: publishId }),
  };
}
