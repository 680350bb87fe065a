import type { Counters } from '../../../src/errors/index.ts';
import type { DeviceRecord } from '../seal/index.ts';
import { payloadOf } from '../value/index.ts';
import type { DeviceClock } from './device-clock.ts';
import type { DeviceFacts } from './device-facts.ts';
import type { Outbox } from './outbox.ts';
import { ReadingSeries } from './reading-series.ts';
import { decodeGap } from './record-values.ts';
import type { GapEffect, Ticket } from './session-events.ts';
import type { SessionTopics } from './session-topics.ts';

/** What readings are handed on with. */
export interface ReadingDependencies {
  readonly facts: DeviceFacts;
  readonly clock: DeviceClock;
  readonly topics: SessionTopics;
  readonly outbox: Outbox;
  readonly counters: Counters;
  nextTicket(): Ticket;
}

/** The readings of a session, and what is missing between them. */
export class SessionReadings {
  readonly #deps: ReadingDependencies;
  /** Durable before the session began. */
  readonly #known: number;
  readonly #series: ReadingSeries;
  /** Counters of the readings that the bridge has not answered. */
  readonly #asked = new Map<Ticket, number>();
  /** The highest counter of the session: a reading at or below it is a replay. */
  #last = 0;

  constructor(readingsDone: number, dependencies: ReadingDependencies) {
    this.#deps = dependencies;
    this.#known = readingsDone;
    this.#series = new ReadingSeries(readingsDone);
  }

  /** All readings up to this came or were reported. */
  get covered(): number {
    return this.#series.covered;
  }

  isReplay(counter: number): boolean {
    return counter <= this.#last;
  }

  /** Takes a reading; gives the tickets that its frame waits for. */
  take(record: DeviceRecord, nowMs: number): Ticket[] {
    const { counter } = record;
    this.#last = counter;
    const tickets = this.#series.take(counter).map(({ first, last }) => this.#gap(first, last, 'lost'));
    const { topics, counters } = this.#deps;
    const topic = topics.reading(record.topicId);
    const read = payloadOf(record.value);
    if (topic !== null && read.ok) tickets.push(this.#reading(record, { topic, ...read.value }, nowMs));
    else {
      counters.count(topic === null ? 'record.unknown-topic' : 'record.bad-value');
      if (counter > this.#known) tickets.push(this.#gap(counter, counter, 'refused'));
    }
    return tickets;
  }

  /** Takes a GAP; `null` if it is none. */
  explain(value: Uint8Array): Ticket[] | null {
    const gap = decodeGap(value);
    if (gap === null) return null;
    const news = this.#series.explain(gap);
    return news === null ? [] : [this.#gap(news.first, news.last, 'buffer-full')];
  }

  /** The bridge took what the ticket stands for. */
  done(ticket: Ticket): void {
    this.#asked.delete(ticket);
  }

  /** The bridge will never take it: the ticket of the gap that says so, or `null` if it was no reading. */
  refuse(ticket: Ticket): Ticket | null {
    const counter = this.#asked.get(ticket);
    if (counter === undefined) return null;
    this.#asked.delete(ticket);
    this.#deps.counters.count('record.refused');
    return this.#gap(counter, counter, 'refused');
  }

  #reading(record: DeviceRecord, content: ReadingContent, nowMs: number): Ticket {
    const { facts, clock, outbox, nextTicket } = this.#deps;
    const ticket = nextTicket();
    this.#asked.set(ticket, record.counter);
    outbox.push({
      kind: 'reading',
      ticket,
      deviceId: facts.id,
      epoch: facts.epoch,
      counter: record.counter,
      uptimeMs: clock.unwrapPast(record.t, nowMs),
      heardAtMs: nowMs,
      ...content,
      value: record.value,
      signature: record.signature,
      isKnown: record.counter <= this.#known,
    });
    return ticket;
  }

  #gap(first: number, last: number, reason: GapEffect['reason']): Ticket {
    const { facts, outbox, nextTicket } = this.#deps;
    const ticket = nextTicket();
    const { id: deviceId, epoch } = facts;
    outbox.push({ kind: 'gap', ticket, deviceId, epoch, first, last, reason });
    return ticket;
  }
}

type ReadingContent = Pick<
  Extract<ReturnType<typeof payloadOf>, { ok: true }>['value'],
  'payload' | 'contentType'
> & { readonly topic: NonNullable<ReturnType<SessionTopics['reading']>> };
