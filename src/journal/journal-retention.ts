import type { LogId } from '../entry/index.ts';
import { isSedgeError } from '../errors/index.ts';
import { HeldNumbers } from './held-numbers.ts';
import type { SeqRange } from './journal-face.ts';
import { journalFailure } from './journal-failure.ts';
import { type LetGo, writeLetGo } from './let-go.ts';
import { numbersLeft, numbersOfOthers } from './numbers-left.ts';
import type { HeldLog } from './range-index.ts';
import type { RecordCache } from './record-cache.ts';
import { type DropReason, planDrops, type RetentionLimits } from './retention-plan.ts';
import { type LeavingSegment, readLeaving } from './retention-read.ts';
import type { KeptRecord, Segment } from './segment.ts';
import { compactSegments, installCompacted, removeIndex } from './segment-compact.ts';
import { SEGMENT_KINDS } from './segment-header.ts';
import type { SegmentRepair } from './segment-repair.ts';
import type { SegmentStore } from './segment-store.ts';

/** What retention asks about the world. */
export interface RetentionContext {
  /** How long ago something was received, at least; milliseconds. Never more than is true. */
  readonly elapsedMs: (receivedAtMs: number) => number;
  /** True if another node is known to hold these own numbers durably. */
  readonly isHeldElsewhere: (log: LogId, range: SeqRange) => boolean;
}

/** What one run dropped, by reason. */
export type RetentionOutcome = Readonly<Record<DropReason, DroppedCount>> & {
  /** Files changed. */
  readonly changed: boolean;
};

/** How much was dropped. */
export interface DroppedCount {
  readonly segments: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What {@link JournalRetention} works with. */
export interface RetentionDependencies {
  readonly cache: RecordCache;
  readonly repair: SegmentRepair;
  readonly letGo: () => LetGo;
  /** Seals what was left behind; throws where the disk refuses. */
  readonly round: () => Promise<void>;
  /** What is held was counted anew from the segments. */
  readonly recounted: () => void;
  readonly durablePosition: () => number;
}

/** An open segment is left behind once it holds this part of what an age or a number of messages allows. */
const ROLL_FRACTION = 1 / 8;
/** Segments that go in one step: one write of what was let go, one look at the others' indexes. */
const BATCH_SEGMENTS_MAX = 64;
/** Plans made in one run. */
const PLANS_MAX = 8;
/** A segment of which more than this part survives stays as it is. */
const SURVIVING_PART_MAX = 1 / 2;
/** Up to this part of a full segment, what survives of the next one is joined to it. */
const JOINED_PART_MAX = 1 / 4;

/** Drops whole segments by age, bytes and messages. One run at a time. */
export class JournalRetention {
  readonly #store: SegmentStore;
  readonly #deps: RetentionDependencies;
  /** Files of dropped segments that could not be removed yet. */
  readonly #condemned = new Set<Segment>();
  /** Segments of retained values that are over their part. */
  readonly #forced = new Set<Segment>();
  /** What was let go is not on disk. */
  #letGoUnwritten = false;

  constructor(store: SegmentStore, deps: RetentionDependencies) {
    this.#store = store;
    this.#deps = deps;
  }

  /** Applies the limits. Does not throw for what a disk refuses: that is tried again with the next run. */
  async run(limits: RetentionLimits, context: RetentionContext): Promise<RetentionOutcome> {
    await this.#leaveBehind(limits, context);
    return this.#deps.repair.exclusive(() => this.#drop(limits, context));
  }

  /** Segments that can go now, oldest first. */
  droppable(context: RetentionContext): { readonly ageMs: number; readonly bytes: number }[] {
    return this.#candidates(context);
  }

  /** Ends the part of segments that are written to and that an age or number would keep too long. */
  async #leaveBehind(limits: RetentionLimits, { elapsedMs }: RetentionContext): Promise<void> {
    let any = false;
    for (const kind of SEGMENT_KINDS) {
      const active = this.#store.active(kind);
      if (active === null || active.rows === null || active.rows.count === 0) continue;
      const { ageMs, messages } = limits;
      const bytes = least(limits.bytes, limits.storageBytes);
      const old = ageMs !== null && elapsedMs(active.rows.receivedMinMs) > ageMs * ROLL_FRACTION;
      const large =
        active.size > this.#store.segmentBytes || (bytes !== null && active.size > bytes * ROLL_FRACTION * 2);
      const many = messages !== null && active.messages > messages * ROLL_FRACTION;
      if (!old && !large && !many) continue;
      this.#store.retire(active);
      any = true;
    }
    // On a full disk what is sealed already goes first, and makes room for the rest.
    if (any) await this.#deps.round().catch(() => {});
  }

  async #drop(limits: RetentionLimits, context: RetentionContext): Promise<RetentionOutcome> {
    const outcome = new Outcome();
    await this.#finishEarlier();
    for (let plan = 0; plan < PLANS_MAX; plan++) {
      const planned = planDrops(this.#candidates(context, limits), this.#totals(), limits);
      for (let at = 0; at < planned.length; at += BATCH_SEGMENTS_MAX) {
        await this.#dropBatch(planned.slice(at, at + BATCH_SEGMENTS_MAX), outcome);
      }
      // What survived of them takes room too, so that one more may have to go.
      if (planned.length === 0) break;
    }
    return outcome.done();
  }

  /** Retained values may take half of what a channel may; over that the oldest of them go too. */
  #chooseForced(limits: RetentionLimits | null): void {
    this.#forced.clear();
    const bytes = limits === null ? null : least(limits.bytes, limits.storageBytes);
    if (bytes === null) return;
    const surviving = [...this.#store.all()].filter(survivesMostly);
    let taken = surviving.reduce((sum, { kept }) => sum + keptBytes(kept ?? []), 0);
    for (const segment of surviving.sort((a, b) => a.lastPosition - b.lastPosition)) {
      if (taken <= bytes * SURVIVING_PART_MAX) break;
      taken -= keptBytes(segment.kept ?? []);
      this.#forced.add(segment);
    }
  }

  #candidates({ elapsedMs, isHeldElsewhere }: RetentionContext, limits: RetentionLimits | null = null) {
    const durable = this.#deps.durablePosition();
    this.#chooseForced(limits);
    return [...this.#store.all()]
      .filter((segment) => this.#canGo(segment, durable))
      .sort((a, b) => a.lastPosition - b.lastPosition)
      .map((segment) => ({
        segment,
        kind: segment.kind,
        bytes: segment.diskBytes,
        messages: segment.messages,
        ageMs: elapsedMs(segment.receivedMaxMs),
        isSafe: segment.kind === 'carried' || this.#isHeldElsewhere(segment, isHeldElsewhere),
      }));
  }

  #canGo(segment: Segment, durable: number): boolean {
    if (segment === this.#store.active(segment.kind) || segment.mending) return false;
    if (segment.syncedBytes < segment.size || segment.lastPosition > durable) return false;
    return this.#forced.has(segment) || !survivesMostly(segment);
  }

  #isHeldElsewhere(segment: Segment, ask: RetentionContext['isHeldElsewhere']): boolean {
    const numbers = segment.rows?.byLog.keys() ?? segment.sealed?.logNumbers ?? [];
    for (const number of numbers) {
      const rows = segment.rowsOf(number, this.#store.blocks);
      if (rows === null) continue;
      const { log } = this.#store.context.index.byNumber(number);
      if (!ask(log, { first: rows.firstSeq, last: rows.lastSeq })) return false;
    }
    return true;
  }

  #totals(): { bytes: number; messages: number } {
    const totals = { bytes: 0, messages: 0 };
    for (const segment of this.#store.all()) {
      totals.bytes += segment.diskBytes;
      totals.messages += segment.messages;
    }
    return totals;
  }

  async #dropBatch(
    planned: readonly { readonly segment: { readonly segment: Segment }; readonly reason: DropReason }[],
    outcome: Outcome,
  ): Promise<void> {
    const leaving: (LeavingSegment & { reason: DropReason })[] = [];
    for (const { segment, reason } of planned) {
      const forced = this.#forced.has(segment.segment);
      const read = await readLeaving(this.#store, segment.segment, { keepRetained: !forced });
      if (read === null) continue;
      segment.segment.kept = read.kept;
      if (forced || !survivesMostly(segment.segment)) leaving.push({ ...read, reason });
    }
    if (leaving.length === 0) return;
    await this.#rememberLetGo(leaving);
    // Those that go wholly make room for what has to be written of the others.
    const whole = leaving.filter(({ kept }) => kept.length === 0);
    if (whole.length > 0) await this.#take(whole, null, outcome);
    for (const one of leaving) if (one.kept.length > 0) await this.#compact(one, outcome);
    if (this.#letGoUnwritten) await this.#writeLetGo();
  }

  /** Writes down what is about to go before it goes; on a full disk afterwards, when there is room. */
  async #rememberLetGo(leaving: readonly LeavingSegment[]): Promise<void> {
    const numbers = joined(leaving);
    const segments = new Set(leaving.map(({ segment }) => segment));
    const others = await this.#others(segments, numbers);
    const letGo = this.#deps.letGo();
    for (const [log, held] of numbers) {
      const gone: SeqRange[] = [...held.ranges, ...held.skips];
      letGo.add(log.log, gone);
      // What lies in another segment too, or survives, is still here.
      letGo.remove(log.log, others.get(log)?.ranges ?? []);
    }
    this.#letGoUnwritten = true;
    await this.#writeLetGo();
  }

  async #writeLetGo(): Promise<void> {
    const { disk, directory } = this.#store.context;
    try {
      await writeLetGo(disk, directory, this.#deps.letGo());
      this.#letGoUnwritten = false;
    } catch (error) {
      this.#warn(error, 'what was let go could not be written down; it may be fetched again');
    }
  }

  /** Keeps what survives of a segment, joined to what survived of the one before where both are small. */
  async #compact(leaving: LeavingSegment & { reason: DropReason }, outcome: Outcome): Promise<void> {
    const { segment } = leaving;
    const before = this.#joinable(segment);
    const sources = [before, segment].flatMap((source) =>
      source === null ? [] : [{ segment: source, positions: neededPositions(source) }],
    );
    let made: Segment;
    try {
      made = await compactSegments(this.#store, sources);
    } catch (error) {
      this.#warn(error, 'a segment could not be made smaller');
      return;
    }
    // The commit loop is not to seal it at the same time.
    made.mending = true;
    made.kept = sources.flatMap(({ segment: source }) => source.kept!.filter(({ isNeeded }) => isNeeded()));
    const joinedTo = before === null ? [] : [await readLeaving(this.#store, before)];
    if (joinedTo.includes(null)) return;
    const all = [...joinedTo.map((one) => ({ ...one!, reason: leaving.reason })), leaving];
    await this.#take(all, made, outcome);
  }

  #joinable(segment: Segment): Segment | null {
    const list = this.#store.segments[segment.kind];
    const before = list[list.indexOf(segment) - 1];
    if (before?.sealed == null || before.kept === null || before.salt !== segment.salt) return null;
    if (segment.salt !== this.#store.salt) return null;
    return before.size <= this.#store.segmentBytes * JOINED_PART_MAX ? before : null;
  }

  /** Takes segments out, with `made` in the place of the first. */
  async #take(
    leaving: readonly (LeavingSegment & { reason: DropReason })[],
    made: Segment | null,
    outcome: Outcome,
  ): Promise<void> {
    const segments = new Set(leaving.map(({ segment }) => segment));
    const numbers = joined(leaving);
    const rest = leaving.slice(made === null ? 0 : 1).map(({ segment }) => segment);
    try {
      if (made !== null) await installCompacted(this.#store, made);
    } catch (error) {
      this.#warn(error, 'a segment could not be made smaller');
      return;
    }
    const others = await this.#others(segments, numbers);
    this.#swap(leaving, made, others, outcome);
    if (made !== null) await this.#store.seal(made).catch(() => {});
    if (made !== null) made.mending = false;
    for (const segment of rest) await this.#removeFiles(segment);
    await this.#syncDirectory();
  }

  /** All in memory, in one go. */
  #swap(
    leaving: readonly (LeavingSegment & { reason: DropReason })[],
    made: Segment | null,
    others: ReadonlyMap<HeldLog, HeldNumbers>,
    outcome: Outcome,
  ): void {
    const { index, retained } = this.#store.context;
    for (const [at, { segment, reason, values, kept }] of leaving.entries()) {
      this.#store.replace(segment, at === 0 ? made : null);
      const stays = new Set(kept.map(({ position }) => position));
      retained.removeSegment(values.filter(({ position }) => !stays.has(position)));
      outcome.add(reason, segment);
    }
    if (made !== null) outcome.subtract(leaving.at(-1)!.reason, made);
    const unclear: HeldLog[] = [];
    for (const [log, numbers] of joined(leaving)) {
      const left = others.get(log)!;
      const stayed = made?.rows?.byLog.get(log.number);
      if (stayed !== undefined) {
        left.merge(stayed.numbers);
        this.#letGoUnwritten =
          this.#deps.letGo().remove(log.log, stayed.numbers.ranges) || this.#letGoUnwritten;
      }
      const result = numbersLeft(log.numbers, numbers, left);
      if (result === null) unclear.push(log);
      else index.replace(log, result);
    }
    if (unclear.length > 0) void this.#deps.repair.recount(unclear).then(this.#deps.recounted);
    this.#deps.recounted();
    const last = Math.max(...leaving.map(({ segment }) => segment.lastPosition));
    this.#deps.cache.forgetThrough(Math.min(last, this.#deps.durablePosition()));
  }

  async #others(
    segments: ReadonlySet<Segment>,
    numbers: ReadonlyMap<HeldLog, HeldNumbers>,
  ): Promise<Map<HeldLog, HeldNumbers>> {
    for (;;) {
      const others = await numbersOfOthers(this.#store, segments, numbers);
      if (others !== null) return others;
    }
  }

  async #removeFiles(segment: Segment): Promise<void> {
    try {
      // The index first: an index without its segment would tell of a loss.
      await removeIndex(this.#store, segment);
      await this.#store.files.forget(segment.path);
      await segment.closeFile();
      await this.#store.context.disk.remove(segment.path);
      this.#condemned.delete(segment);
    } catch (error) {
      this.#condemned.add(segment);
      this.#warn(error, 'a dropped segment could not be removed');
    }
  }

  async #syncDirectory(): Promise<void> {
    const { disk, directory } = this.#store.context;
    await disk.syncDirectory(directory).catch((error: unknown) => this.#warn(error, 'directory not synced'));
  }

  async #finishEarlier(): Promise<void> {
    if (this.#letGoUnwritten) await this.#writeLetGo();
    for (const segment of this.#condemned) await this.#removeFiles(segment);
  }

  #warn(error: unknown, sentence: string): void {
    const { log, channel, directory, counters } = this.#store.context;
    const failure = isSedgeError(error) ? error : journalFailure(error, directory);
    counters.count(failure.code);
    log.warn({ channel, code: failure.code, ...failure.details }, sentence);
  }
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** True if a segment was looked at and most of it has to stay. */
function survivesMostly(segment: Segment): boolean {
  if (segment.kept === null) return false;
  const bytes = keptBytes(segment.kept);
  return bytes > 0 && bytes > segment.size * SURVIVING_PART_MAX;
}

function keptBytes(kept: readonly KeptRecord[]): number {
  return kept.reduce((sum, { bytes, isNeeded }) => sum + (isNeeded() ? bytes : 0), 0);
}

function neededPositions(segment: Segment): ReadonlySet<number> {
  return new Set(segment.kept!.filter(({ isNeeded }) => isNeeded()).map(({ position }) => position));
}

function joined(leaving: readonly LeavingSegment[]): Map<HeldLog, HeldNumbers> {
  const all = new Map<HeldLog, HeldNumbers>();
  for (const { numbers } of leaving) {
    for (const [log, held] of numbers) {
      const sum = all.get(log) ?? new HeldNumbers();
      sum.merge(held);
      all.set(log, sum);
    }
  }
  return all;
}

/** Counts up. */
class Outcome {
  readonly #counts: Record<DropReason, { segments: number; messages: number; bytes: number }> = {
    age: { segments: 0, messages: 0, bytes: 0 },
    bytes: { segments: 0, messages: 0, bytes: 0 },
    messages: { segments: 0, messages: 0, bytes: 0 },
    storage: { segments: 0, messages: 0, bytes: 0 },
    unreplicated: { segments: 0, messages: 0, bytes: 0 },
  };
  #changed = false;

  add(reason: DropReason, segment: Segment): void {
    const count = this.#counts[reason];
    count.segments++;
    count.messages += segment.messages;
    count.bytes += segment.diskBytes;
    this.#changed = true;
  }

  /** Of what was added some stayed. */
  subtract(reason: DropReason, made: Segment): void {
    this.#counts[reason].messages -= made.messages;
    this.#counts[reason].bytes -= made.diskBytes;
  }

  done(): RetentionOutcome {
    return { ...this.#counts, changed: this.#changed };
  }
}
