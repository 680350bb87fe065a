import { SedgeError } from '../../src/errors/index.ts';
import type { Acknowledgement, PublishOptions } from '../../src/index.ts';

/** How messages are to be acknowledged. */
export type AcknowledgementWish = Pick<PublishOptions, 'ack' | 'replicasTimeoutMs'>;

/** Reads `accepted`, `durable` and `replicas:2`; `null` for anything else. The mesh checks the bounds. */
export function parseAcknowledgement(text: string): Acknowledgement | null {
  if (text === 'accepted' || text === 'durable') return text;
  const match = /^replicas:(\d{1,4})$/.exec(text);
  return match === null ? null : { replicas: Number(match[1]) };
}

/** Writes what {@link parseAcknowledgement} reads. */
export function formatAcknowledgement(ack: Acknowledgement): string {
  return typeof ack === 'string' ? ack : `replicas:${ack.replicas}`;
}

/** Reads a request's `ack` (a text, or `{"replicas":2}`) and `replicasTimeoutMs`. Throws `agent.bad-request`. */
export function parseWish(ack: unknown, replicasTimeoutMs: unknown): AcknowledgementWish {
  const timeout = replicasTimeoutMs === undefined ? {} : { replicasTimeoutMs: timeoutOf(replicasTimeoutMs) };
  if (ack === undefined) return { ack: 'durable', ...timeout };
  const parsed = typeof ack === 'string' ? parseAcknowledgement(ack) : replicasOf(ack);
  if (parsed === null) throw bad('ack must be accepted, durable or replicas:N');
  return { ack: parsed, ...timeout };
}

function replicasOf(ack: unknown): Acknowledgement | null {
  const { replicas } = (ack ?? {}) as Record<string, unknown>;
  return typeof replicas === 'number' ? { replicas } : null;
}

function timeoutOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad('replicasTimeoutMs must be a number');
  return value;
}

function bad(reason: string): SedgeError {
  return new SedgeError('agent.bad-request', { reason });
}
