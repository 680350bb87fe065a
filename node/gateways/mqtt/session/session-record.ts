import type { InboundRecord } from './inbound-state.ts';
import type { MqttSubscription } from './subscription-set.ts';

/** A session as it lies on disk. */
export interface SessionRecord {
  readonly clientId: string;
  /** User that it belongs to; `null` for an anonymous one. */
  readonly user: string | null;
  /** Names its place in the journals and its publish ids: 16 hexadecimal digits, another one for each session. */
  readonly uid: string;
  /** How long it outlives its connection, seconds; `null` for ever. */
  readonly expirySeconds: number | null;
  readonly subscriptions: readonly MqttSubscription[];
  readonly inbound: InboundRecord;
  /** When its connection ended, milliseconds since 1970; `null` while there is one. */
  readonly disconnectedAtMs: number | null;
}

/** True for what {@link SessionRecord} promises: files may be damaged or of another hand. */
export function isSessionRecord(value: unknown): value is SessionRecord {
  if (!isObject(value)) return false;
  const { clientId, user, uid, expirySeconds, subscriptions, inbound, disconnectedAtMs } = value;
  return (
    isText(clientId) &&
    (user === null || isText(user)) &&
    isText(uid) &&
    /^[0-9a-f]{16}$/.test(uid) &&
    (expirySeconds === null || isWhole(expirySeconds)) &&
    Array.isArray(subscriptions) &&
    subscriptions.every(isSubscription) &&
    isInbound(inbound) &&
    (disconnectedAtMs === null || isWhole(disconnectedAtMs))
  );
}

function isSubscription(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { filter, qos, noLocal, retainAsPublished, retainHandling, id, since } = value;
  return (
    isText(filter) &&
    isUpTo2(qos) &&
    typeof noLocal === 'boolean' &&
    typeof retainAsPublished === 'boolean' &&
    isUpTo2(retainHandling) &&
    (id === null || isWhole(id)) &&
    isObject(since) &&
    Object.values(since).every(isWhole)
  );
}

function isInbound(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { nextCounter, unclearFrom, open } = value;
  const isOpen = (one: unknown) => isObject(one) && isWhole(one.n) && (one.qos === 1 || one.qos === 2);
  return isWhole(nextCounter) && isWhole(unclearFrom) && Array.isArray(open) && open.every(isOpen);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0;
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isUpTo2(value: unknown): boolean {
  return value === 0 || value === 1 || value === 2;
}
