import type { StationTally } from './centre.ts';
import { NODES, type NodeName } from './node-names.ts';

/** What there is to see at a moment. */
export interface DemoPicture {
  readonly readings: number;
  readonly published: number;
  readonly arrived: number;
  readonly seconds: number;
  readonly running: Readonly<Record<NodeName, boolean>>;
  readonly isLinkUp: boolean;
  readonly isCentreUp: boolean;
  readonly stations: Readonly<Record<string, StationTally>>;
}

/** Where a view draws: stderr, as what is drawn is no data. */
export interface DemoScreen {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What each picture holds, whatever else there is to see. */
export interface DemoProgress {
  /** Readings in all. */
  readonly readings: number;
  /** Of these, what is at the centre. */
  readonly arrived: number;
  readonly seconds: number;
  /** What arrives. @defaultValue `readings at the centre` */
  readonly what?: string;
}

/** Shows how a demo goes on. */
export interface DemoView<P extends DemoProgress = DemoPicture> {
  /** Something happened. */
  event(text: string, seconds: number): void;
  /** How things stand; called a few times a second. */
  picture(picture: P): void;
  /** Leaves the screen as a following text expects it. */
  close(): void;
}

/** The view for a screen: a live table, drawn by `lines`, on a terminal; a line an event elsewhere. */
export function demoViewFor<P extends DemoProgress>(
  screen: DemoScreen,
  lines: (picture: P) => readonly string[],
): DemoView<P> {
  return screen.isTTY === true ? new TerminalView(screen, lines) : new LineView(screen);
}

/** Shows nothing: for `--json`. */
export const SILENT_VIEW: DemoView<DemoProgress> = Object.freeze({ event() {}, picture() {}, close() {} });

/** A plain line for each event, and one for each tenth of the readings. */
class LineView implements DemoView<DemoProgress> {
  readonly #screen: DemoScreen;
  #tenths = 0;

  constructor(screen: DemoScreen) {
    this.#screen = screen;
  }

  event(text: string, seconds: number): void {
    this.#screen.write(`${eventLine(text, seconds)}\n`);
  }

  picture({ arrived, readings, seconds, what = 'readings at the centre' }: DemoProgress): void {
    const tenths = Math.floor((arrived * 10) / readings);
    if (tenths <= this.#tenths) return;
    this.#tenths = tenths;
    this.event(`${arrived.toLocaleString('en')} of ${readings.toLocaleString('en')} ${what}`, seconds);
  }

  close(): void {}
}

const BAR_CELLS = 40;
const REDRAW_MS = 100;
/** Quantities that the table shows: all eleven would not fit. */
const SHOWN = ['PM2.5', 'PM10', 'NO2', 'TEMP', 'WSPM'];

/** Events scroll by above a table that is drawn over. */
class TerminalView<P extends DemoProgress> implements DemoView<P> {
  readonly #screen: DemoScreen;
  readonly #lines: (picture: P) => readonly string[];
  #drawnLines = 0;
  #drawnAtMs = 0;

  constructor(screen: DemoScreen, lines: (picture: P) => readonly string[]) {
    this.#screen = screen;
    this.#lines = lines;
  }

  event(text: string, seconds: number): void {
    this.#erase();
    this.#screen.write(`${eventLine(text, seconds)}\n`);
  }

  picture(picture: P): void {
    const nowMs = performance.now();
    if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    const lines = this.#lines(picture);
    this.#erase();
    this.#screen.write(`${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }

  close(): void {
    this.#erase();
  }

  #erase(): void {
    if (this.#drawnLines > 0) this.#screen.write(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#drawnLines = 0;
  }
}

/** How much of the readings is at the centre, as a bar. */
export function barOf({ arrived, readings }: DemoProgress): string {
  const filled = Math.min(BAR_CELLS, Math.round((arrived / readings) * BAR_CELLS));
  return '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
}

function eventLine(text: string, seconds: number): string {
  return `${seconds.toFixed(1).padStart(5)} s  ${text}`;
}

/** The table as lines. */
export function pictureLines(picture: DemoPicture): string[] {
  const { readings, arrived, published, seconds } = picture;
  const bar = barOf(picture);
  const count = (value: number): string => value.toLocaleString('en');
  const up = (node: NodeName): string => (picture.running[node] ? node : `(${node} down)`);
  const [a, b, c, d] = NODES.map(up);
  const link = picture.isLinkUp ? '──' : '✂ ';
  const centre = picture.isCentreUp ? 'centre' : '(centre down)';
  return [
    '',
    `  ${bar} ${count(arrived)} of ${count(readings)} at the centre, ${count(published)} published, ${seconds.toFixed(0)} s`,
    `  ${a} ── ${b} ── ${c} ${link} ${d} ── ${centre}`,
    '',
    stationLine('station', 'readings', SHOWN),
    ...Object.entries(picture.stations)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([station, tally]) =>
        stationLine(
          station,
          count(tally.count),
          SHOWN.map((quantity) => tally.latest[quantity] ?? ''),
        ),
      ),
  ];
}

function stationLine(station: string, readings: string, values: readonly string[]): string {
  const cells = values.map((value) => value.slice(0, 8).padStart(8)).join('');
  return `  ${station.slice(0, 16).padEnd(16)}${readings.padStart(9)}${cells}`.trimEnd();
}
