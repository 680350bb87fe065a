import type { Will } from './will.ts';

/** A will as it lies on disk while its client is connected, and until its delay is over. */
export interface WillRecord {
  readonly clientId: string;
  readonly topic: string;
  /** Base64. */
  readonly payload: string;
  readonly options: Will['options'];
  readonly delaySeconds: number;
  /** When it is to be published, milliseconds since 1970; `null` while its client is connected. */
  readonly dueAtMs: number | null;
}

/** The will of a client for the disk. */
export function recordOfWill(clientId: string, will: Will, dueAtMs: number | null): WillRecord {
  const { topic, payload, options, delaySeconds } = will;
  return {
    clientId,
    topic,
    payload: Buffer.from(payload).toString('base64'),
    options,
    delaySeconds,
    dueAtMs,
  };
}

/** The will that a record holds. */
export function willOfRecord({ topic, payload, options, delaySeconds }: WillRecord): Will {
  return { topic, payload: Buffer.from(payload, 'base64'), options, delaySeconds };
}

/** True for what {@link WillRecord} promises; what the options say is checked when it is published. */
export function isWillRecord(value: unknown): value is WillRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { clientId, topic, payload, options, delaySeconds, dueAtMs } = value as Record<string, unknown>;
  return (
    typeof clientId === 'string' &&
    clientId !== '' &&
    typeof topic === 'string' &&
    typeof payload === 'string' &&
    typeof options === 'object' &&
    options !== null &&
    Number.isSafeInteger(delaySeconds) &&
    (dueAtMs === null || Number.isSafeInteger(dueAtMs))
  );
}
