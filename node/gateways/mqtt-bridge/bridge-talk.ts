import type { Announcement } from './election-state.ts';
import type { LogReach } from './progress-state.ts';

const LOGS_MAX = 1_024;
const HOLES_MAX = 64;

/** What a node says of itself; `null` if it is malformed, or speaks for another node. */
export function readAnnouncement(payload: Uint8Array, author: string): Announcement | null {
  const fields = objectOf(payload);
  const { node, run, n, linked, carrying } = fields ?? {};
  const sound =
    node === author &&
    typeof run === 'string' &&
    run.length <= 64 &&
    isCount(n) &&
    typeof linked === 'boolean' &&
    typeof carrying === 'boolean';
  return sound ? { node, run, n, linked, carrying } : null;
}

/** How far logs went out, for JSON. */
export function progressToJson(logs: readonly LogReach[]): { readonly logs: readonly unknown[] } {
  return { logs: logs.map(({ author, channel, epoch, seq, holes }) => [author, channel, epoch, seq, holes]) };
}

/** The same from a message of another node; `null` if it says nothing of it or is malformed. */
export function readProgress(payload: Uint8Array): LogReach[] | null {
  const logs = objectOf(payload)?.logs;
  if (!Array.isArray(logs) || logs.length > LOGS_MAX) return null;
  const read = logs.map(readReach);
  return read.every((one) => one !== null) ? read : null;
}

function readReach(row: unknown): LogReach | null {
  if (!Array.isArray(row)) return null;
  const [author, channel, epoch, seq, holes] = row as readonly unknown[];
  if (!isName(author) || !isName(channel) || !isName(epoch) || !isCount(seq)) return null;
  if (!Array.isArray(holes) || holes.length > HOLES_MAX) return null;
  const sound = holes.every((hole) => Array.isArray(hole) && hole.length === 2 && hole.every(isCount));
  return sound ? { author, channel, epoch, seq, holes: holes as [number, number][] } : null;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 128;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function objectOf(payload: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
