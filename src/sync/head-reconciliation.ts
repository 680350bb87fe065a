import { accept, type Result, refuse } from '../errors/index.ts';
import { boundBetween } from '../journal/index.ts';
import type { ReconcileClaim, ReconcileFrame, ReconcileItem } from './reconcile-frame.ts';
import { logKey, type WireHead } from './wire-fields.ts';

/** The heads of one side by log key; a bound is a beginning of a key, a range ends before its second bound. */
export interface HeadSource {
  count(from: string, to: string | null): number;
  fingerprint(from: string, to: string | null): string;
  heads(from: string, to: string | null): readonly WireHead[];
  /** Bounds that cut a range into at most so many parts. */
  split(from: string, to: string | null, parts: number): readonly string[];
}

/** What a step of the peer came to. */
export interface ReconcileOutcome {
  /** Heads of the peer that differ from those of this side, or may. */
  readonly learned: readonly WireHead[];
  /** What this side says next; `null` while more frames of the step are to come, and where nothing is to be said. */
  readonly reply: readonly ReconcileItem[] | null;
  /** Nothing more is to come from the peer. */
  readonly done: boolean;
}

/** A range that differs is cut into so many: more make fewer round trips of more bytes. */
const PARTS = 8;
/** A range of at most so many heads is listed. */
const LISTED_MAX = 4;
/** Where so many ranges of one step differ, the rest is listed: most heads differ then. */
const FINGERPRINTS_MAX = 4_096;
/** Items that a peer may say in one step. */
const ITEMS_MAX = 4 * FINGERPRINTS_MAX * PARTS;
/** Heads in one item, so that an item always fits a frame. */
const HEADS_PER_ITEM = 64;

/** A range that this side asked about. */
interface Asked {
  readonly from: string;
  readonly to: string | null;
  readonly kind: 'anything' | 'fingerprint' | 'heads';
}

/**
 * Finds the heads that differ between two sides by comparing fingerprints of ever smaller ranges (A. Meyer,
 * "Range-Based Set Reconciliation", 2023), without any I/O. Both sides learn what differs. Each answer lies
 * within what was asked and each range is cut smaller before it is asked about again, so that no peer can keep
 * it going; what lies outside is refused as `sync.lying-heads`.
 */
export class HeadReconciliation {
  readonly #source: HeadSource;
  #asked: readonly Asked[] = [{ from: '', to: null, kind: 'anything' }];
  #askedAt = 0;
  #step = -1;
  #reply: ReconcileItem[] = [];
  #fingerprints = 0;
  #items = 0;
  #wantsReply = false;
  #inStep = false;
  /** Where the last item of the step ended; items rise over all its frames. */
  #reached: string | null = '';

  constructor(source: HeadSource) {
    this.#source = source;
  }

  /** Number of the step that this side said last. */
  get step(): number {
    return this.#step;
  }

  /** The first step: what the roots told already is not said again. */
  open(): readonly ReconcileItem[] {
    this.#say('', this.#divide('', null));
    return this.#closeReply();
  }

  /** Takes a frame of the peer. */
  take(frame: ReconcileFrame): Result<ReconcileOutcome> {
    if (!this.#inStep) this.#beginStep();
    if (frame.step !== this.#step + 1) return refuse('sync.lying-heads');
    this.#items += frame.items.length;
    const rises = this.#reached !== null && frame.from >= this.#reached;
    if (this.#items > ITEMS_MAX || (!rises && frame.items.length > 0)) return refuse('sync.lying-heads');
    const learned: WireHead[] = [];
    let from = frame.from;
    for (const item of frame.items) {
      if (!this.#wasAsked(from, item) || !liesWithin(item, from)) return refuse('sync.lying-heads');
      if (item.kind === 'heads') learned.push(...item.heads);
      if (item.kind === 'fingerprint' || (item.kind === 'heads' && item.answer)) this.#wantsReply = true;
      this.#answer(from, item);
      this.#reached = item.to;
      from = item.to ?? from;
    }
    if (frame.more) return accept({ learned, reply: null, done: false });
    this.#inStep = false;
    this.#step = frame.step;
    if (!this.#wantsReply) return accept({ learned, reply: null, done: true });
    const reply = this.#closeReply();
    return accept({ learned, reply, done: this.#asked.length === 0 });
  }

  #beginStep(): void {
    this.#inStep = true;
    this.#wantsReply = false;
    this.#askedAt = 0;
    this.#items = 0;
    this.#fingerprints = 0;
    this.#reached = '';
    this.#reply = [];
  }

  /** Items rise, and so do the ranges that were asked about: each is passed once. */
  #wasAsked(from: string, item: ReconcileItem): boolean {
    if (item.kind === 'same') return true;
    while (this.#askedAt < this.#asked.length && endsBefore(this.#asked[this.#askedAt]!.to, from))
      this.#askedAt++;
    const asked = this.#asked[this.#askedAt];
    if (asked === undefined || from < asked.from) return false;
    if (asked.to !== null && (item.to === null || item.to > asked.to)) return false;
    // Who was shown the heads of a range may only say which of its own differ.
    return asked.kind !== 'heads' || (item.kind === 'heads' && !item.answer);
  }

  #answer(from: string, item: ReconcileItem): void {
    switch (item.kind) {
      case 'same':
        return;
      case 'fingerprint':
        if (this.#source.fingerprint(from, item.to) === item.fingerprint) return;
        this.#say(from, this.#divide(from, item.to));
        return;
      case 'heads':
        if (!item.answer) return;
        this.#say(from, this.#differing(from, item));
    }
  }

  /** A range whose fingerprints differ: cut into parts, or listed where it is small. */
  #divide(from: string, to: string | null): ReconcileItem[] {
    const source = this.#source;
    if (source.count(from, to) <= LISTED_MAX || this.#fingerprints >= FINGERPRINTS_MAX)
      return listed(to, source.heads(from, to), true);
    const bounds = source.split(from, to, PARTS);
    this.#fingerprints += bounds.length + 1;
    return [...bounds, to].map((end, at) => ({
      to: end,
      kind: 'fingerprint',
      fingerprint: source.fingerprint(at === 0 ? from : bounds[at - 1]!, end),
    }));
  }

  #differing(from: string, item: ReconcileItem & { readonly kind: 'heads' }): ReconcileItem[] {
    const theirs = new Map(item.heads.map((head) => [head.log, head]));
    const own = this.#source.heads(from, item.to).filter((head) => !isSameHead(head, theirs.get(head.log)));
    return own.length === 0 ? [] : listed(item.to, own, false);
  }

  /** Adds items for a range to the reply; what lies between them and those before is the same. */
  #say(from: string, items: readonly ReconcileItem[]): void {
    if (items.length === 0) return;
    const before = this.#reply.at(-1)?.to ?? '';
    if (from !== before) this.#reply.push({ to: from, kind: 'same' });
    this.#reply.push(...items);
  }

  #closeReply(): readonly ReconcileItem[] {
    const reply = this.#reply.length === 0 ? [{ to: null, kind: 'same' } as const] : this.#reply;
    this.#asked = askedBy(reply);
    this.#reply = [];
    this.#step++;
    return reply;
  }
}

/** What a step asks about. */
function askedBy(items: readonly ReconcileItem[]): Asked[] {
  const asked: Asked[] = [];
  let from = '';
  for (const item of items) {
    const asks = item.kind === 'fingerprint' || (item.kind === 'heads' && item.answer);
    if (asks) asked.push({ from, to: item.to, kind: item.kind });
    from = item.to ?? from;
  }
  return asked;
}

/** Heads as items; many are cut into several, so that each fits a frame. */
function listed(to: string | null, heads: readonly WireHead[], answer: boolean): ReconcileItem[] {
  const items: ReconcileItem[] = [];
  for (let at = 0; at === 0 || at < heads.length; at += HEADS_PER_ITEM) {
    const next = heads[at + HEADS_PER_ITEM];
    const end =
      next === undefined ? to : boundBetween(logKey(heads[at + HEADS_PER_ITEM - 1]!.log), logKey(next.log));
    items.push({ to: end, kind: 'heads', answer, heads: heads.slice(at, at + HEADS_PER_ITEM) });
  }
  return items;
}

/** The heads of an item are of its range, each log once. */
function liesWithin(claim: { readonly to: string | null } & ReconcileClaim, from: string): boolean {
  if (claim.kind !== 'heads') return true;
  let before: string | null = null;
  for (const { log } of claim.heads) {
    const key = logKey(log);
    if (key < from || (claim.to !== null && key >= claim.to) || (before !== null && key <= before))
      return false;
    before = key;
  }
  return true;
}

function endsBefore(to: string | null, from: string): boolean {
  return to !== null && to <= from;
}

function isSameHead(a: WireHead, b: WireHead | undefined): boolean {
  return (
    b !== undefined &&
    a.last === b.last &&
    a.lastId === b.lastId &&
    a.holes.length === b.holes.length &&
    a.holes.every(({ first, last }, at) => first === b.holes[at]!.first && last === b.holes[at]!.last)
  );
}
