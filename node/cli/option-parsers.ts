import { InvalidArgumentError } from 'commander';
import type { Acknowledgement, SubscribeFrom } from '../../src/index.ts';
import { parseAcknowledgement } from '../control/acknowledgement-wish.ts';
import { parseDurationMs } from './duration.ts';
import { parseSubscribeStart } from './subscribe-start.ts';

/** Most replicas that the mesh waits for. */
const REPLICAS_MAX = 64;

/** A parser of whole numbers between two bounds, for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A parser of durations in seconds (`30`, `30s`, `10m`, `2h`, `3d`), for commander. */
export function durationSeconds(minSeconds: number, maxSeconds: number): (text: string) => number {
  return (text) => {
    const durationMs = parseDurationMs(text, 's');
    if (durationMs === null || durationMs < minSeconds * 1_000 || durationMs > maxSeconds * 1_000) {
      throw new InvalidArgumentError('It must be a duration such as 30s, 10m, 2h or 3d, within its bounds.');
    }
    return durationMs / 1_000;
  };
}

/** `accepted`, `durable` or `replicas:N`, for commander. */
export function acknowledgement(text: string): Acknowledgement {
  const ack = parseAcknowledgement(text);
  if (ack === null || (typeof ack === 'object' && (ack.replicas < 1 || ack.replicas > REPLICAS_MAX))) {
    const rule = `It must be accepted, durable or replicas:N, with N from 1 to ${REPLICAS_MAX}.`;
    throw new InvalidArgumentError(rule);
  }
  return ack;
}

/** Collects the values of an option that may be given again, for commander. */
export function repeatable(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** Collects `name=value` pairs, for commander. */
export function namedValue(
  text: string,
  previous: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be written name=value.');
  return { ...previous, [text.slice(0, equals)]: text.slice(equals + 1) };
}

/** A publish id as `PRODUCER:N`, for commander. */
export function publishId(text: string): { producer: string; n: number } {
  const colon = text.lastIndexOf(':');
  const n = Number(text.slice(colon + 1));
  const producer = text.slice(0, Math.max(0, colon));
  const producerBytes = Buffer.byteLength(producer);
  if (producerBytes < 1 || producerBytes > 64 || !/^\d{1,15}$/.test(text.slice(colon + 1)) || n >= 2 ** 48) {
    throw new InvalidArgumentError('It must be PRODUCER:N, a name of 1 to 64 bytes and a number below 2^48.');
  }
  return { producer, n };
}

/** Name of a durable subscription, for commander: it names a file. */
export function durableName(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(text)) {
    throw new InvalidArgumentError('It must be 1 to 64 of a-z, A-Z, 0-9, "-", "_" and ".".');
  }
  return text;
}

/** Where a subscription starts, for commander. */
export function subscribeStart(nowMs: () => number): (text: string) => SubscribeFrom {
  return (text) => {
    const start = parseSubscribeStart(text, nowMs());
    if (start === null) {
      throw new InvalidArgumentError(
        'It must be new, all, last, a time (2026-11-21T10:00, 2h, 3d) or an offset.',
      );
    }
    return start;
  };
}
