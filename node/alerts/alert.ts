/** What a rule watches. */
export const ALERT_WATCHES = Object.freeze([
  'peer-silent',
  'backlog',
  'disk',
  'clock',
  'fork',
  'bad-tags',
  'topic-silent',
  'value',
  'test',
] as const);

/** One of {@link ALERT_WATCHES}. */
export type AlertWatch = (typeof ALERT_WATCHES)[number];

/** `alarm`: act now. `warning`: look at it today. */
export type AlertSeverity = 'alarm' | 'warning';

/** Who has seen an alert. A new occurrence needs a new one. */
export interface Acknowledged {
  readonly by: string;
  readonly atMs: number;
  readonly note: string;
}

/** Something that a rule found, of one subject. Times are milliseconds since 1970. */
export interface Alert {
  /** Stable for a rule and a subject; 1 to 64 of a-z, 0-9 and `-`. */
  readonly id: string;
  readonly rule: string;
  readonly watch: AlertWatch;
  readonly severity: AlertSeverity;
  /** Name of the peer, port, topic or log that it is about; empty for the node itself. */
  readonly subject: string;
  /** `pending`: so, but not for long enough. `ended`: no longer so; kept for a day to be seen. */
  readonly state: 'pending' | 'firing' | 'ended';
  readonly sentence: string;
  /** What to do. */
  readonly next: string;
  /** The latest figure; `null` where the rule has none. */
  readonly value: number | null;
  /** The threshold that it passed. */
  readonly limit: number | null;
  /** How often it has fired. */
  readonly occurrence: number;
  /** Since when it is so. */
  readonly sinceMs: number;
  readonly firedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly acknowledged: Acknowledged | null;
}

/** An alert of another node of the realm, as it published it. */
export interface RemoteAlert extends Alert {
  readonly node: string;
  readonly name: string;
  /** When it said so, by its clock, ms since 1970. */
  readonly saidAtMs: number;
}

/** A webhook and what became of its deliveries since the agent started. */
export interface WebhookStatus {
  /** Without query and user: these may be secret. */
  readonly url: string;
  readonly delivered: number;
  /** Attempts that failed. */
  readonly failed: number;
  /** Given up: refused, too old, or over the limit of those that wait. */
  readonly dropped: number;
  readonly waiting: number;
  readonly lastError: string | null;
  /** When it last took a delivery. */
  readonly lastAtMs: number | null;
}

/** What `GET /v1/alerts` answers. */
export interface AlertReport {
  readonly node: string;
  readonly name: string;
  /** Firing ones first, then pending and ended ones; the latest first. */
  readonly alerts: readonly Alert[];
  /** Those that fire at other nodes, as far as this node has heard. */
  readonly others: readonly RemoteAlert[];
  readonly counts: { readonly firing: number; readonly unacknowledged: number; readonly pending: number };
  readonly rules: readonly {
    readonly rule: string;
    readonly watch: AlertWatch;
    readonly severity: AlertSeverity;
  }[];
  readonly webhooks: readonly WebhookStatus[];
  /** Where the file of alerts was moved as it could not be read; `null` if it could. */
  readonly damagedFile: string | null;
}

/** How a test alert went. */
export interface AlertTest {
  readonly alert: Alert;
  readonly published: boolean;
  readonly webhooks: readonly { readonly url: string; readonly ok: boolean; readonly error: string | null }[];
}
