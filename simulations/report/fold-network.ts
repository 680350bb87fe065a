import type { HistoryEvent } from '../world/history.ts';
import { type Columns, LevelOverTime, runsOf } from './columns.ts';
import type { ReportedLane, ReportedLink, ReportedMark } from './run-report.ts';

/** Most nodes with a lane of their own. */
export const LANES_MAX = 100;
/** Most links with a lane of their own. */
export const LINK_LANES_MAX = 120;
/** Most links that are drawn in the topology. */
export const LINKS_MAX = 4_000;
/** Most marks; a flapping link makes thousands. */
export const MARKS_MAX = 250;

/** Events that are marked, each with its sentence. */
const MARKED: Readonly<Partial<Record<HistoryEvent['event'], (event: HistoryEvent) => string>>> =
  Object.freeze({
    crash: ({ node }) => `${node} crashed`,
    stop: ({ node }) => `${node} was stopped`,
    start: ({ node }) => `${node} started again`,
    partition: () => 'the network was parted',
    heal: () => 'the network was healed',
    cut: ({ node, peer }) => `the link of ${node} and ${peer} was cut`,
    mend: ({ node, peer }) => `the link of ${node} and ${peer} was mended`,
    'one-way': ({ node, peer }) => `nothing more passes from ${peer} to ${node}`,
    'black-hole': ({ node, peer }) => `what ${node} and ${peer} send each other vanishes`,
    wipe: ({ node }) => `the disk of ${node} was wiped`,
    clone: ({ node }) => `${node} was cloned`,
    restore: ({ node }) => `${node} was restored from a backup`,
    gap: ({ node, author, first, last }) =>
      `${node} was told that ${first} to ${last} of ${author} are missing`,
  });

/** Ends of faults, each with its name: from here on things can come together again. */
const FAULT_ENDS: Readonly<Partial<Record<HistoryEvent['event'], (event: HistoryEvent) => string>>> =
  Object.freeze({
    heal: () => 'the network was healed',
    mend: ({ node, peer }) => `the link of ${node} and ${peer} was mended`,
    start: ({ node }) => `${node} started again`,
  });

class NodeTrack {
  readonly peers = new Set<string>();
  readonly level: LevelOverTime;
  readonly down: [number, number][] = [];
  downSince: number | null = null;

  constructor(columns: Columns) {
    this.level = new LevelOverTime(columns);
  }
}

/** Follows links, crashes and partitions through a history. */
export class NetworkFold {
  readonly #columns: Columns;
  readonly #names: readonly string[];
  readonly #nodes: ReadonlyMap<string, NodeTrack>;
  readonly #links = new Map<string, LevelOverTime>();
  readonly #partitions: [number, number][] = [];
  #partedSince: number | null = null;
  readonly marks: ReportedMark[] = [];
  /** Moments at which a fault ended, each with what ended. */
  readonly faultEnds: { readonly t: number; readonly after: string }[] = [];
  marksInAll = 0;

  constructor(names: readonly string[], columns: Columns) {
    this.#columns = columns;
    this.#names = names;
    this.#nodes = new Map(names.map((name) => [name, new NodeTrack(columns)]));
  }

  add(event: HistoryEvent): void {
    const { t, event: kind, node } = event;
    // The first start of a node is no news.
    if (kind === 'start' && this.#nodes.get(node)?.downSince === null) return;
    if (kind === 'up' || kind === 'down') this.#link(event, kind === 'up');
    else if (kind === 'crash' || kind === 'stop') this.#end(node, t);
    else if (kind === 'start') this.#start(node, t);
    else if (kind === 'partition') this.#partedSince ??= t;
    else if (kind === 'heal') this.#heal(t);
    this.#mark(event);
  }

  #mark(event: HistoryEvent): void {
    const { t, event: kind } = event;
    const text = MARKED[kind];
    if (text === undefined) return;
    this.marksInAll++;
    const detail = event.detail === undefined ? '' : ` (${event.detail})`;
    if (this.marks.length < MARKS_MAX) this.marks.push({ t, kind, text: `${text(event)}${detail}` });
    const ended = FAULT_ENDS[kind];
    if (ended !== undefined) this.#faultEnded(t, ended(event));
  }

  lanes(): ReportedLane[] {
    return this.#names.slice(0, LANES_MAX).map((name) => {
      const track = this.#nodes.get(name)!;
      if (track.downSince !== null) track.down.push([track.downSince, this.#columns.endSeconds]);
      const peers = track.level.end().means.map((mean) => (mean > 0 ? Math.max(1, Math.round(mean)) : 0));
      return { name, peers: runsOf(peers), down: track.down.slice(0, MARKS_MAX) };
    });
  }

  /** The links that were up longest, most of the time first. */
  links(): ReportedLink[] {
    const places = new Map(this.#names.map((name, place) => [name, place]));
    const spanSeconds = this.#columns.endSeconds - this.#columns.startSeconds;
    const rows = [...this.#links].map(([key, level]) => {
      const [a, b] = JSON.parse(key) as [string, string];
      const { means, levelSeconds } = level.end();
      const share = Number(Math.min(1, levelSeconds / spanSeconds).toPrecision(3));
      return { a: places.get(a)!, b: places.get(b)!, share, means };
    });
    rows.sort((x, y) => y.share - x.share || x.a - y.a || x.b - y.b);
    return rows.slice(0, LINKS_MAX).map(({ a, b, share, means }, index) => ({
      a,
      b,
      share,
      up: index < LINK_LANES_MAX ? runsOf(means.map((mean) => Math.ceil(Math.min(1, mean) * 10))) : null,
    }));
  }

  partitions(): (readonly [number, number])[] {
    const open = this.#partedSince === null ? [] : [[this.#partedSince, this.#columns.endSeconds] as const];
    return [...this.#partitions, ...open].slice(0, MARKS_MAX);
  }

  /** Either end tells; the link is up while one of them sees the other. */
  #link({ node, peer = '', t }: HistoryEvent, up: boolean): void {
    this.#see(node, peer, t, up);
    this.#see(peer, node, t, up);
    const key = JSON.stringify([node, peer].sort());
    const level = this.#links.get(key) ?? new LevelOverTime(this.#columns);
    this.#links.set(key, level);
    level.set(t, up ? 1 : 0);
  }

  #see(node: string, peer: string, t: number, up: boolean): void {
    const track = this.#nodes.get(node);
    if (track === undefined || track.peers.has(peer) === up) return;
    if (up) track.peers.add(peer);
    else track.peers.delete(peer);
    track.level.change(t, up ? 1 : -1);
  }

  /** With a node its links are gone, whether or not the other ends have noticed. */
  #end(node: string, t: number): void {
    const track = this.#nodes.get(node);
    if (track === undefined) return;
    track.downSince ??= t;
    for (const peer of [...track.peers]) this.#link({ event: 'down', node, peer, t }, false);
  }

  #start(node: string, t: number): void {
    const track = this.#nodes.get(node);
    if (track === undefined || track.downSince === null) return;
    track.down.push([track.downSince, t]);
    track.downSince = null;
  }

  #heal(t: number): void {
    if (this.#partedSince !== null) this.#partitions.push([this.#partedSince, t]);
    this.#partedSince = null;
  }

  /** Several faults that end at one moment are one. */
  #faultEnded(t: number, after: string): void {
    const last = this.faultEnds.at(-1);
    if (last?.t === t)
      this.faultEnds[this.faultEnds.length - 1] = {
        t,
        after: `${last.after.replace(/ and more$/, '')} and more`,
      };
    else if (this.faultEnds.length < MARKS_MAX) this.faultEnds.push({ t, after });
  }
}
