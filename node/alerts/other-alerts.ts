import type { DeliveredMessage } from '../../src/index.ts';
import type { Alert, RemoteAlert } from './alert.ts';

/** Alerts of other nodes that are kept in mind; those of more are passed over. */
const OTHERS_MAX = 1_024;
const PAYLOAD_BYTES_MAX = 16_384;
/** Of the payload. A reader takes later ones too, as far as they have what it knows. */
export const ALERT_PAYLOAD_VERSION = 1;

/** The payload of an alert on `$alerts/<node id>/<alert id>`. */
export interface AlertPayload extends Alert {
  readonly version: number;
  readonly node: string;
  readonly name: string;
}

/** Which alerts fire at other nodes, from what they published. */
export class OtherAlerts {
  readonly #self: string;
  readonly #alerts = new Map<string, RemoteAlert>();

  constructor(self: string) {
    this.#self = self;
  }

  /** Without those of nodes that were revoked: they cannot say any more that it ended. */
  alerts(isRevoked: (node: string) => boolean): readonly RemoteAlert[] {
    const alerts = [...this.#alerts.values()].filter(({ node }) => !isRevoked(node));
    return alerts.sort((a, b) => b.sinceMs - a.sinceMs);
  }

  /** Takes what came on `$alerts/#`. A payload that is none clears its topic: there is nothing to be shown. */
  hear(message: Pick<DeliveredMessage, 'topic' | 'payload' | 'author' | 'name' | 'timeMs'>): void {
    if (message.author === this.#self || !message.topic.startsWith(`$alerts/${message.author}/`)) return;
    const alert = readAlertPayload(message);
    if (alert === null || alert.state !== 'firing') this.#alerts.delete(message.topic);
    else if (this.#alerts.has(message.topic) || this.#alerts.size < OTHERS_MAX)
      this.#alerts.set(message.topic, alert);
  }
}

/** An alert as it was published; `null` for anything else. Node and name are those of who signed it. */
export function readAlertPayload({
  payload,
  author,
  name,
  timeMs,
}: Pick<DeliveredMessage, 'payload' | 'author' | 'name' | 'timeMs'>): RemoteAlert | null {
  if (payload.length === 0 || payload.length > PAYLOAD_BYTES_MAX) return null;
  try {
    const value = JSON.parse(Buffer.from(payload).toString('utf8')) as AlertPayload;
    const { id, rule, watch, severity, subject, state, sentence, next, occurrence, sinceMs } = value;
    const texts = [id, rule, watch, subject, sentence, next].every((text) => typeof text === 'string');
    const numbers = [occurrence, sinceMs].every((number) => typeof number === 'number');
    const known =
      (severity === 'alarm' || severity === 'warning') && (state === 'firing' || state === 'ended');
    if (!texts || !numbers || !known) return null;
    return {
      node: author,
      name,
      saidAtMs: timeMs,
      id,
      rule,
      watch,
      severity,
      subject,
      state,
      sentence,
      next,
      occurrence,
      sinceMs,
      value: figureOf(value.value),
      limit: figureOf(value.limit),
      firedAtMs: figureOf(value.firedAtMs),
      endedAtMs: figureOf(value.endedAtMs),
      acknowledged: acknowledgedOf(value.acknowledged),
    };
  } catch {
    return null;
  }
}

function figureOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function acknowledgedOf(value: unknown): Alert['acknowledged'] {
  if (typeof value !== 'object' || value === null) return null;
  const { by, atMs, note } = value as Record<string, unknown>;
  if (typeof by !== 'string' || typeof atMs !== 'number' || typeof note !== 'string') return null;
  return { by, atMs, note };
}
