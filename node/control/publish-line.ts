import { Buffer } from 'node:buffer';
import { SedgeError } from '../../src/errors/index.ts';
import type { MessageClient, MessageToPublish, Origin, PublishOptions } from '../../src/index.ts';
import { type OriginJson, originFromJson } from './origin-json.ts';
import { isBase64 } from './request-fields.ts';

/** Messages that one line may hold. */
export const LINE_MESSAGES_MAX = 4_096;

const KEYS = new Set([
  'topic',
  'payload',
  'payloadBase64',
  'payloads',
  'payloadsBase64',
  'id',
  'ttlSeconds',
  'contentType',
  'key',
  'headers',
  'retain',
  'origin',
  'client',
]);

const ORIGIN_KEYS = new Set([
  'device',
  'epoch',
  'counter',
  'uptimeMs',
  'timeMs',
  'uncertaintyMs',
  'signatureBase64',
  'valueBase64',
  'topic',
]);

/**
 * Reads one publish request: `topic`, one of `payload` (text), `payloadBase64`, `payloads` and `payloadsBase64`
 * (many messages of one topic and the same options), and the options `id`, `ttlSeconds`, `contentType`, `key`,
 * `headers`, `retain`, `origin`, `client`. Throws `agent.bad-request` with the reason; bounds of values are the mesh's to check.
 */
export function parsePublish(json: unknown): MessageToPublish[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw bad('it must be an object');
  const fields = json as Record<string, unknown>;
  for (const key in fields) if (!KEYS.has(key)) throw bad(`unknown key ${JSON.stringify(key.slice(0, 40))}`);
  const { topic } = fields;
  if (typeof topic !== 'string') throw bad('topic must be a text');
  const payloads = payloadsOf(fields);
  const options = optionsOf(fields);
  if (options === undefined) return payloads.map((payload) => ({ topic, payload }));
  if (options.id !== undefined && payloads.length > 1) throw bad('an id names one message');
  return payloads.map((payload) => ({ topic, payload, options }));
}

function payloadsOf(fields: Record<string, unknown>): (string | Uint8Array)[] {
  const { payload, payloadBase64, payloads, payloadsBase64 } = fields;
  const given = [payload, payloadBase64, payloads, payloadsBase64].filter((value) => value !== undefined);
  if (given.length !== 1)
    throw bad('exactly one of payload, payloadBase64, payloads, payloadsBase64 is needed');
  // In CBOR a payload may be bytes as they are.
  if (payload instanceof Uint8Array) return [payload];
  if (payload !== undefined) return [textOf(payload)];
  if (payloadBase64 !== undefined) return [bytesOf(payloadBase64)];
  if (payloads !== undefined) return listOf(payloads).map(textOf);
  return listOf(payloadsBase64).map(bytesOf);
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw bad('payloads must be an array');
  if (value.length < 1 || value.length > LINE_MESSAGES_MAX) {
    throw bad(`payloads must be 1 to ${LINE_MESSAGES_MAX} messages`);
  }
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw bad('payload must be a text; use payloadBase64 for other bytes');
  return value;
}

function bytesOf(value: unknown): Uint8Array {
  if (!isBase64(value)) throw bad('payloadBase64 must be base64 with padding');
  return Buffer.from(value, 'base64');
}

function optionsOf(fields: Record<string, unknown>): PublishOptions | undefined {
  const { id, ttlSeconds, contentType, key, headers, retain, origin, client } = fields;
  const options = {
    ...(id === undefined ? {} : { id: idOf(id) }),
    ...(ttlSeconds === undefined
      ? {}
      : { ttlSeconds: checked(ttlSeconds, 'number', 'ttlSeconds') as number }),
    ...(contentType === undefined
      ? {}
      : { contentType: checked(contentType, 'string', 'contentType') as string }),
    ...(key === undefined ? {} : { key: checked(key, 'string', 'key') as string }),
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    ...(retain === undefined ? {} : { retain: checked(retain, 'boolean', 'retain') as boolean }),
    ...(origin === undefined ? {} : { origin: originOf(origin) }),
    ...(client === undefined ? {} : { client: clientOf(client) }),
  };
  for (const _ in options) return options;
  return undefined;
}

function checked(value: unknown, type: 'number' | 'string' | 'boolean', name: string): unknown {
  if (typeof value !== type) throw bad(`${name} must be a ${type}`);
  return value;
}

function idOf(value: unknown): { producer: string; n: number } {
  const { producer, n } = (value ?? {}) as Record<string, unknown>;
  if (typeof producer !== 'string' || typeof n !== 'number' || !Number.isSafeInteger(n)) {
    throw bad('id must be {"producer": text, "n": whole number}');
  }
  return { producer, n };
}

function originOf(value: unknown): Origin {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad('origin must be an object');
  for (const key in value) {
    if (!ORIGIN_KEYS.has(key)) throw bad(`unknown key ${JSON.stringify(key.slice(0, 40))} of origin`);
  }
  const { signatureBase64 = '', valueBase64 = '' } = value as Record<string, unknown>;
  if (!isBase64(signatureBase64) || !isBase64(valueBase64))
    throw bad('signatureBase64 and valueBase64 of origin must be base64 with padding');
  return originFromJson(value as OriginJson);
}

function clientOf(value: unknown): MessageClient {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad('client must be an object');
  for (const key in value) {
    if (key !== 'id' && key !== 'user' && key !== 'qos')
      throw bad(`unknown key ${JSON.stringify(key.slice(0, 40))} of client`);
  }
  return value as MessageClient;
}

function headersOf(value: unknown): Record<string, string> {
  const isHeaders =
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((header) => typeof header === 'string');
  if (!isHeaders) throw bad('headers must be an object of texts');
  return value as Record<string, string>;
}

function bad(reason: string): SedgeError {
  return new SedgeError('agent.bad-request', { reason });
}
