import { Buffer } from 'node:buffer';
import { SedgeError } from '../../src/errors/index.ts';

/** Longest text in a request. */
const TEXT_LENGTH_MAX = 2_048;
/** Texts in one list of a request. */
const TEXTS_MAX = 256;

/** A JSON object of a request; throws `agent.bad-request`, as all of these do. */
export function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('the body must be a JSON object');
  return value as Record<string, unknown>;
}

export function numberOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw badRequest(`${name} must be a number`);
  return value;
}

export function textOf(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > TEXT_LENGTH_MAX) throw badRequest(`${name} must be a text`);
  return value;
}

export function textsOf(value: unknown, name: string): readonly string[] {
  if (!Array.isArray(value) || value.length > TEXTS_MAX)
    throw badRequest(`${name} must be an array of texts`);
  return value.map((text) => textOf(text, name));
}

export function truthOf(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw badRequest(`${name} must be true or false`);
  return value;
}

/** Bytes that came as base64 with padding. */
export function bytesOf(value: unknown, name: string): Uint8Array {
  if (!isBase64(value)) throw badRequest(`${name} must be base64 with padding`);
  return Buffer.from(value, 'base64');
}

export function isBase64(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0;
}

/** Refuses what a request holds beyond what is read of it: a typing error must not be passed over. */
export function noOthers(fields: Record<string, unknown>): void {
  for (const key in fields) throw badRequest(`unknown key ${JSON.stringify(key.slice(0, 40))}`);
}

export function badRequest(reason: string): SedgeError {
  return new SedgeError('agent.bad-request', { reason });
}
