import type { CentreMessage, CentreRecord } from './centre-record.ts';

/** What reached the operations centre, against what was published. */
export interface DeliveryFindings {
  readonly published: number;
  /** Different readings that were published and arrived as they were. */
  readonly delivered: number;
  readonly lost: number;
  /** Arrivals beyond the first that nothing excuses. */
  readonly duplicated: number;
  /** Arrivals again of what the centre had when it was killed and had not acknowledged. */
  readonly redelivered: number;
  /** First arrivals behind a higher number of the same log. */
  readonly outOfOrder: number;
  readonly gaps: number;
  /** Arrivals that nobody published, or with another value. */
  readonly foreign: number;
}

/** Name of a reading: where, what and when. */
export function readingName(topic: string, observed: string): string {
  return `${topic}@${observed}`;
}

/** Holds what the centre wrote down, session by session, against what was published. */
export class DeliveryCheck {
  readonly #published: ReadonlyMap<string, string>;
  readonly #messages = new Set<string>();
  readonly #readings = new Set<string>();
  readonly #highest = new Map<string, number>();
  /** Messages of the last batch of the session before: it may not have been acknowledged. */
  #excused = new Set<string>();
  #delivered = 0;
  #duplicated = 0;
  #redelivered = 0;
  #outOfOrder = 0;
  #gaps = 0;
  #foreign = 0;

  /** Compares with `published`: value by {@link readingName}. */
  constructor(published: ReadonlyMap<string, string>) {
    this.#published = published;
  }

  /** Takes what one life of the centre wrote down, in its order. */
  takeSession(records: readonly CentreRecord[]): void {
    const lastBatch = records.at(-1)?.batch;
    const unacknowledged = new Set<string>();
    for (const record of records) {
      if (record.kind === 'gap') {
        this.#gaps++;
        continue;
      }
      const message = `${logOf(record)}/${record.seq}`;
      if (record.batch === lastBatch) unacknowledged.add(message);
      this.#take(record, message);
    }
    if (records.length > 0) this.#excused = unacknowledged;
  }

  /** Messages that arrived of each log, by `<author>/<epoch>`. */
  arrivedByLog(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const message of this.#messages) {
      const log = message.slice(0, message.lastIndexOf('/'));
      counts.set(log, (counts.get(log) ?? 0) + 1);
    }
    return counts;
  }

  findings(): DeliveryFindings {
    return {
      published: this.#published.size,
      delivered: this.#delivered,
      lost: this.#published.size - this.#delivered,
      duplicated: this.#duplicated,
      redelivered: this.#redelivered,
      outOfOrder: this.#outOfOrder,
      gaps: this.#gaps,
      foreign: this.#foreign,
    };
  }

  #take(record: CentreMessage, message: string): void {
    if (this.#messages.has(message)) {
      if (this.#excused.delete(message)) this.#redelivered++;
      else this.#duplicated++;
      return;
    }
    this.#messages.add(message);
    this.#takeOrder(record);
    const reading = readingName(record.topic, record.observed);
    if (this.#readings.has(reading)) this.#duplicated++;
    else if (this.#published.get(reading) !== record.value) this.#foreign++;
    else {
      this.#readings.add(reading);
      this.#delivered++;
    }
  }

  #takeOrder(record: CentreMessage): void {
    const log = logOf(record);
    const highest = this.#highest.get(log) ?? 0;
    if (record.seq < highest) this.#outOfOrder++;
    else this.#highest.set(log, record.seq);
  }
}

function logOf({ author, epoch }: CentreMessage): string {
  return `${author}/${epoch}`;
}
