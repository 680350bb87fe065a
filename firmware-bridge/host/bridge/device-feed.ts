import type { Log } from '../../../src/errors/index.ts';
import { checkTopic, type Origin, type PublishId, TopicFilter, verifyOrigin } from '../../../src/index.ts';
import { DeviceClock } from '../clock/index.ts';
import { type DeviceBook, type DeviceRecord, isBridgeTopic } from '../devices/index.ts';
import type {
  DeviceFacts,
  DeviceId,
  DeviceStats,
  DeviceTopic,
  GapEffect,
  ReadingEffect,
} from '../session/index.ts';
import { deviceTopic, type GapBody, readingProducer } from './device-messages.ts';
import { lostRanges, type NumberRange } from './lost-ranges.ts';
import type { BridgeMesh, IntakeOutcome, MeshIntake } from './mesh-intake.ts';
import { SettledReadings } from './settled-readings.ts';

/** How a device is: `silent` where its session stands and nothing came for too long. */
export type DeviceState = 'online' | 'silent' | 'offline';

/** What a {@link DeviceFeed} works with. */
export interface DeviceFeedDependencies {
  readonly book: DeviceBook;
  readonly intake: MeshIntake;
  readonly mesh: Pick<BridgeMesh, 'findPublished' | 'publishedBy' | 'name'>;
  readonly ack: 'durable' | 'accepted';
  readonly log: Log;
  readonly nowMs: () => number;
  readonly elapsedMs: () => number;
}

/** Why a reading is not taken. */
export type ReadingRefusal = 'topic' | 'filtered' | 'unsigned' | 'bad-signature' | 'mesh';

/** Where readings of a topic go, or why nowhere. */
interface Place {
  readonly topic: string;
  readonly refusal: ReadingRefusal | null;
}

/** Least time between two alarms of one cause, milliseconds; those between are counted. */
const ALARM_QUIET_MS = 60_000;
/** Epochs of which nothing was heard that are told one by one; more are told together. */
const EPOCHS_TOLD_MAX = 64;
/** Topics of a device whose place in the mesh is remembered. */
const PLACES_MAX = 256;

/** Everything of one device on its way into the mesh: readings, gaps, presence, statistics, alarms. */
export class DeviceFeed {
  readonly id: DeviceId;
  readonly counts = { readings: 0, duplicates: 0, lost: 0, alarms: 0, gaps: 0 };
  readonly refusals: Record<ReadingRefusal, number> = {
    topic: 0,
    filtered: 0,
    unsigned: 0,
    'bad-signature': 0,
    mesh: 0,
  };
  readonly #deps: DeviceFeedDependencies;
  #state: DeviceState = 'offline';
  #sinceMs: number | null = null;
  #facts: DeviceFacts | null = null;
  #port: string | null = null;
  #clock = new DeviceClock();
  #clockEpoch = 0;
  #settled: { readonly epoch: number; readonly readings: SettledReadings };
  /** Under way into the mesh, by epoch and counter: a device that lost its session brings them again. */
  readonly #underWay = new Map<string, Promise<IntakeOutcome>>();
  #gaps: Promise<unknown> = Promise.resolve();
  readonly #places = new Map<string, Place>();
  readonly #alarms = new Map<string, { toldAtMs: number; untold: number }>();

  constructor(id: DeviceId, deps: DeviceFeedDependencies) {
    this.id = id;
    this.#deps = deps;
    const { epoch = 0, readingsDone = 0 } = deps.book.get(id) ?? {};
    this.#settled = { epoch, readings: new SettledReadings(readingsDone) };
  }

  get state(): DeviceState {
    return this.#state;
  }

  get sinceMs(): number | null {
    return this.#sinceMs;
  }

  /** What it said of itself last. */
  get facts(): DeviceFacts | null {
    return this.#facts;
  }

  /** How fast its clock runs, as measured. */
  get clockDrift(): { readonly rate: number; readonly uncertainty: number } {
    return this.#clock.drift;
  }

  /** It proved who it is: from now on its epoch is the one that counts. The caller saves the book. */
  greet(facts: DeviceFacts, port: string): void {
    const { book, nowMs } = this.#deps;
    this.#facts = facts;
    this.#port = port;
    const { epoch, firmware } = facts;
    if (epoch !== this.#settled.epoch) {
      this.#settled = { epoch, readings: new SettledReadings(0) };
      book.change(this.id, { epoch, readingsDone: 0, uptime: null });
    }
    if (epoch !== this.#clockEpoch) {
      this.#clock = new DeviceClock();
      this.#clockEpoch = epoch;
    }
    book.change(this.id, { firmware, lastHeardAtMs: nowMs(), announced: true });
  }

  /** What changed in the book may change where its readings go. */
  forgetPlaces(): void {
    this.#places.clear();
  }

  /** Tells the mesh how the device is, as a retained message. */
  tellState(state: DeviceState): void {
    const record = this.#deps.book.get(this.id);
    if (state !== this.#state || this.#sinceMs === null) this.#sinceMs = this.#deps.nowMs();
    this.#state = state;
    if (record === null) return;
    this.#deps.book.change(this.id, { announced: state !== 'offline', lastHeardAtMs: this.#deps.nowMs() });
    const body = {
      state,
      since: this.#sinceMs,
      port: this.#port,
      firmware: this.#facts?.firmware ?? record.firmware,
      epoch: record.epoch,
      resetCause: this.#facts?.resetCause ?? null,
      topics: record.topics
        .filter(({ kind }) => kind === 'reading')
        .map(({ name, type, unit }) => ({ topic: this.#topicFor(record, name), type, unit })),
      commands: record.topics.filter(({ kind }) => kind === 'command').map(({ name }) => name),
      node: this.#deps.mesh.name,
    };
    const { intake } = this.#deps;
    intake.tell(deviceTopic(record.name, 'status'), JSON.stringify(body), { retain: true });
  }

  tellStats(stats: DeviceStats): void {
    const record = this.#deps.book.get(this.id);
    if (record === null) return;
    const { readings, duplicates, lost } = this.counts;
    const body = { ...stats, host: { readings, duplicates, lost } };
    this.#deps.intake.tell(deviceTopic(record.name, 'stats'), JSON.stringify(body));
  }

  /** Counts an alarm, and tells the mesh of the first and then of how many came since, once a minute. */
  noteAlarm(cause: string, count: number): void {
    this.counts.alarms += count;
    const alarm = this.#alarms.get(cause) ?? { toldAtMs: Number.NEGATIVE_INFINITY, untold: 0 };
    alarm.untold += count;
    this.#alarms.set(cause, alarm);
    this.tellAlarms();
  }

  /** Tells of alarms that were held back. */
  tellAlarms(): void {
    const record = this.#deps.book.get(this.id);
    if (record === null) return;
    for (const [cause, alarm] of this.#alarms) {
      const nowMs = this.#deps.elapsedMs();
      if (alarm.untold === 0 || nowMs - alarm.toldAtMs < ALARM_QUIET_MS) continue;
      const body = { cause, count: alarm.untold };
      this.#alarms.set(cause, { toldAtMs: nowMs, untold: 0 });
      this.#deps.intake.tell(deviceTopic(record.name, 'alarm'), JSON.stringify(body));
    }
  }

  noteTime(exchange: { epoch: number; sentAtMs: number; heardAtMs: number; uptimeMs: number }): void {
    if (exchange.epoch !== this.#clockEpoch) return;
    this.#clock.note(exchange);
    const utcMs = Math.round(this.#wallOf(exchange.heardAtMs));
    this.#deps.book.change(this.id, { uptime: { uptimeMs: Math.floor(exchange.uptimeMs), utcMs } });
  }

  /** Takes a reading; resolves when it is settled. Never rejects. */
  take(reading: ReadingEffect): Promise<IntakeOutcome> {
    const { epoch, counter, isKnown } = reading;
    if (isKnown) {
      this.counts.duplicates++;
      return Promise.resolve('done');
    }
    const key = `${epoch} ${counter}`;
    const before = this.#underWay.get(key);
    if (before !== undefined) {
      this.counts.duplicates++;
      return before;
    }
    const taking = this.#publish(reading);
    this.#underWay.set(key, taking);
    return taking.then((outcome) => {
      if (this.#underWay.get(key) === taking) this.#underWay.delete(key);
      if (outcome === 'done') this.#settle(epoch, counter, counter);
      return outcome;
    });
  }

  /** Reports what of a gap is really lost; resolves when that is in the mesh. Never rejects. */
  takeGap(gap: GapEffect): Promise<IntakeOutcome> {
    // One after the other: what one is telling, the next must not tell again.
    const taking = this.#gaps.then(() => this.#takeEpochs(gap));
    this.#gaps = taking;
    return taking;
  }

  /** Epoch by epoch: the next time that this device is greeted, others of them may be told together. */
  async #takeEpochs(gap: GapEffect): Promise<IntakeOutcome> {
    const { epoch, throughEpoch = epoch } = gap;
    const { throughEpoch: _, ...one } = gap;
    for (let at = epoch; at <= throughEpoch; at++) {
      const isRest = at - epoch >= EPOCHS_TOLD_MAX && at < throughEpoch;
      const first = at === epoch ? gap.first : 1;
      const part: GapEffect = { ...one, epoch: at, first, ...(isRest ? { throughEpoch } : {}) };
      const outcome = await this.#takeGap(part);
      if (outcome !== 'done' || isRest) return outcome;
    }
    return 'done';
  }

  async #takeGap(gap: GapEffect): Promise<IntakeOutcome> {
    const { epoch, first, last, reason } = gap;
    const record = this.#deps.book.get(this.id);
    if (record === null) return 'refused';
    const producer = readingProducer(record, epoch);
    let ranges: NumberRange[];
    try {
      ranges = await lostRanges(gap, {
        isThere: async (counter) => reason !== 'refused' && (await this.#isThere(producer, epoch, counter)),
        isTold: (n) => this.#isPublished({ producer: `${producer}/gap`, n }),
        highestFrom: (from) => this.#highestFrom(from, { producer, epoch }),
      });
    } catch (error) {
      // The journal cannot be read: what is said is taken for true, as a loss that is not reported is worse.
      this.#deps.log.warn({ device: record.name, error: String(error) }, 'a gap could not be checked');
      ranges = [gap];
    }
    for (const range of ranges) {
      const outcome = await this.#reportGap(gap, range, producer);
      if (outcome !== 'done') return outcome;
    }
    if (last !== null && gap.throughEpoch === undefined) this.#settle(epoch, first, last);
    return 'done';
  }

  async #isThere(producer: string, epoch: number, counter: number): Promise<boolean> {
    const underWay = this.#underWay.get(`${epoch} ${counter}`);
    if (underWay !== undefined && (await underWay) === 'done') return true;
    return this.#isPublished({ producer, n: counter });
  }

  /** Of readings under way, in the mesh and reported there. */
  async #highestFrom(
    from: number,
    { producer, epoch }: { readonly producer: string; readonly epoch: number },
  ): Promise<number> {
    const underWay = [...this.#underWay.keys()].map((key) => key.split(' ').map(Number));
    const counters = underWay.flatMap(([of, counter]) => (of === epoch ? [counter!] : []));
    for (const one of [producer, `${producer}/gap`]) {
      const [last] = await this.#deps.mesh.publishedBy(one, { from, max: 1 });
      counters.push(last?.publishId?.n ?? 0);
    }
    return Math.max(...counters);
  }

  async #isPublished(id: { readonly producer: string; readonly n: number }): Promise<boolean> {
    return (await this.#deps.mesh.findPublished(id)) !== null;
  }

  async #reportGap(
    { epoch, throughEpoch, reason }: GapEffect,
    { first, last }: NumberRange,
    producer: string,
  ): Promise<IntakeOutcome> {
    const record = this.#deps.book.get(this.id);
    if (record === null) return 'refused';
    const count = last === null || throughEpoch !== undefined ? null : last - first + 1;
    const body: GapBody = {
      epoch,
      ...(throughEpoch === undefined ? {} : { throughEpoch }),
      first,
      last,
      count,
      reason,
    };
    this.counts.gaps++;
    this.counts.lost += count ?? 0;
    // Of refused ones the first is logged already: a line each would fill the log at the rate of the sensor.
    if (reason !== 'refused') {
      this.#deps.log.warn({ device: record.name, ...body }, 'readings of a device are lost');
    }
    return this.#deps.intake.publish(deviceTopic(record.name, 'gap'), JSON.stringify(body), {
      ack: this.#deps.ack,
      id: gapIdOf(producer, { first, last, throughEpoch }),
    });
  }

  #publish(reading: ReadingEffect): Promise<IntakeOutcome> {
    const record = this.#deps.book.get(this.id);
    if (record === null) return Promise.resolve('refused');
    const place = this.#placeOf(record, reading.topic);
    if (place.refusal !== null) return this.#refuse(record, reading, place.refusal);
    const origin = this.#originOf(reading, place.topic);
    const unproven = signatureRefusal(record, place.topic, origin);
    if (unproven !== null) {
      this.noteAlarm(unproven, 1);
      return this.#refuse(record, reading, unproven);
    }
    const { payload, contentType, epoch, counter } = reading;
    const publishing = this.#deps.intake.publish(place.topic, payload, {
      ack: this.#deps.ack,
      id: { producer: readingProducer(record, epoch), n: counter },
      origin,
      ...(contentType === null ? {} : { contentType }),
    });
    return publishing.then((outcome) => {
      if (outcome === 'refused') return this.#refuse(record, reading, 'mesh');
      if (outcome === 'done') this.counts.readings++;
      return outcome;
    });
  }

  #refuse(record: DeviceRecord, { topic, counter }: ReadingEffect, why: ReadingRefusal): Promise<'refused'> {
    if (this.refusals[why]++ === 0) {
      const fields = { device: record.name, topic: topic.name.slice(0, 64), counter, why };
      this.#deps.log.warn(fields, 'a reading of a device is refused; more of the kind are counted');
    }
    return Promise.resolve('refused');
  }

  #originOf(reading: ReadingEffect, topic: string): Origin {
    const { epoch, counter, uptimeMs, heardAtMs, signature, value } = reading;
    const at = this.#clock.hostTimeOf(uptimeMs, heardAtMs);
    return {
      device: this.id,
      epoch,
      counter,
      uptimeMs,
      timeMs: Math.max(0, Math.round(this.#wallOf(at.atMs))),
      uncertaintyMs: Math.ceil(at.uncertaintyMs),
      ...(signature === null ? {} : { signature, value }),
      ...(topic === reading.topic.name ? {} : { topic: reading.topic.name }),
    };
  }

  /** A time of the clock that never goes back, by the wall clock as it is now. */
  #wallOf(elapsedMs: number): number {
    return this.#deps.nowMs() - (this.#deps.elapsedMs() - elapsedMs);
  }

  #placeOf(record: DeviceRecord, { name }: DeviceTopic): Place {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    const topic = this.#topicFor(record, name);
    const place = { topic, refusal: placeRefusal(record, topic) };
    if (this.#places.size < PLACES_MAX) this.#places.set(name, place);
    return place;
  }

  #topicFor({ prefix }: DeviceRecord, name: string): string {
    return prefix === null ? name : `${prefix}/${name}`;
  }

  #settle(epoch: number, first: number, last: number): void {
    if (epoch !== this.#settled.epoch || !this.#settled.readings.settle(first, last)) return;
    this.#deps.book.settle(this.id, this.#settled.readings.upTo);
  }
}

/** By its end, as a gap that goes on growing keeps its beginning. */
function gapIdOf(
  producer: string,
  { first, last, throughEpoch }: NumberRange & { readonly throughEpoch: number | undefined },
): PublishId {
  if (throughEpoch !== undefined) return { producer: `${producer}/epochs`, n: throughEpoch };
  return last === null
    ? { producer: `${producer}/open-gap`, n: first }
    : { producer: `${producer}/gap`, n: last };
}

/** Why no reading of a device goes on a topic; `null` if it may. */
function placeRefusal({ topicFilters }: DeviceRecord, topic: string): ReadingRefusal | null {
  if (!checkTopic(topic).ok || isBridgeTopic(topic)) return 'topic';
  if (topicFilters === null) return null;
  const matches = topicFilters.some((text) => {
    const filter = TopicFilter.parse(text);
    return filter.ok && filter.value.matches(topic);
  });
  return matches ? null : 'filtered';
}

/** Why the word of the bridge is not enough for a device that signs; `null` if it is, or the signature is right. */
function signatureRefusal(
  { signingKey }: DeviceRecord,
  topic: string,
  origin: Origin,
): 'unsigned' | 'bad-signature' | null {
  if (signingKey === null) return null;
  if (origin.signature === undefined) return 'unsigned';
  return verifyOrigin({ topic, origin }, signingKey) ? null : 'bad-signature';
}
