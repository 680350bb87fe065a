import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../gateways/listening/write-whole.ts';
import { ALERT_WATCHES } from './alert.ts';
import type { KeptAlert } from './alerts-state.ts';
import type { KnownPeer } from './peer-watch.ts';
import type { WebhookDelivery } from './webhook/webhook-state.ts';

/** Name of the file in the directory of a node. */
export const ALERTS_FILE = 'alerts.json';
/** Of the file. A later one may add keys, which this passes over, without another number. */
const VERSION = 1;
const FILE_BYTES_MAX = 8_388_608;

/** What the alerts keep over a restart. */
export interface KeptAlerts {
  /** Counts what was told, so that telling again after a crash is harmless. */
  readonly revision: number;
  readonly alerts: readonly (KeptAlert & { readonly revision: number })[];
  readonly peers: readonly KnownPeer[];
  /** Deliveries that wait, by the URL of their webhook. */
  readonly webhooks: Readonly<Record<string, readonly WebhookDelivery[]>>;
}

/** What {@link readAlertsFile} found. */
export interface AlertsFileReading {
  readonly kept: KeptAlerts;
  /** Where a file was moved that could not be read; `null` if it could, or was not there. */
  readonly damagedFile: string | null;
}

const NOTHING: KeptAlerts = Object.freeze({ revision: 0, alerts: [], peers: [], webhooks: {} });

/**
 * Reads the file of a directory. One that is damaged, cannot be read, or is of a later version, is moved aside: the node
 * starts with no alerts, and finds again what is still so. Never rejects: an agent starts whatever became of it.
 */
export async function readAlertsFile(directory: string, nowMs: number): Promise<AlertsFileReading> {
  const path = join(directory, ALERTS_FILE);
  let kept: KeptAlerts | null;
  try {
    kept = parseKept(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return { kept: NOTHING, damagedFile: null };
    kept = null;
  }
  if (kept !== null) return { kept, damagedFile: null };
  const aside = `${path}.damaged-${nowMs}`;
  const moved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  return { kept: NOTHING, damagedFile: moved ? aside : path };
}

/** Replaces the file in one step. */
export function writeAlertsFile(directory: string, kept: KeptAlerts): Promise<void> {
  return writeWhole(join(directory, ALERTS_FILE), `${JSON.stringify({ version: VERSION, ...kept })}\n`);
}

/** `null` for what is no such file. */
export function parseKept(text: string): KeptAlerts | null {
  if (text.length > FILE_BYTES_MAX) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || value.version !== VERSION) return null;
  const { revision, alerts, peers, webhooks } = value;
  const fits =
    isCount(revision) &&
    Array.isArray(alerts) &&
    alerts.every(isKeptAlert) &&
    Array.isArray(peers) &&
    peers.every(isKnownPeer) &&
    isObject(webhooks) &&
    Object.values(webhooks).every((list) => Array.isArray(list) && list.every(isDelivery));
  return fits ? ({ revision, alerts, peers, webhooks } as unknown as KeptAlerts) : null;
}

function isKeptAlert(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { id, rule, subject, sentence, next, watch, severity, state, acknowledged } = value;
  return (
    [id, rule, subject, sentence, next].every((text) => typeof text === 'string') &&
    ALERT_WATCHES.some((one) => one === watch) &&
    (severity === 'alarm' || severity === 'warning') &&
    (state === 'firing' || state === 'ended') &&
    isFigure(value.value) &&
    isFigure(value.limit) &&
    [value.revision, value.occurrence, value.sinceMs, value.firedAtMs].every(isCount) &&
    (state === 'firing' ? value.endedAtMs === null : isCount(value.endedAtMs)) &&
    (acknowledged === null || isAcknowledged(acknowledged))
  );
}

function isAcknowledged(value: unknown): boolean {
  return (
    isObject(value) && typeof value.by === 'string' && typeof value.note === 'string' && isCount(value.atMs)
  );
}

function isKnownPeer(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.node === 'string' &&
    typeof value.name === 'string' &&
    isCount(value.heardAtMs)
  );
}

function isDelivery(value: unknown): boolean {
  if (!isObject(value)) return false;
  const texts = [value.id, value.event, value.body].every((text) => typeof text === 'string');
  return texts && isCount(value.atMs) && isCount(value.attempts);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isFigure(value: unknown): boolean {
  return value === null || (typeof value === 'number' && Number.isFinite(value));
}
