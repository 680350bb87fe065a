import { formatBytes, formatCount, formatSpan, plural } from '../cli/human-figures.ts';
import type { ChannelTelemetry, PeerTelemetry } from '../telemetry/index.ts';
import type { TopFigures } from './top-figures.ts';
import { NO_INK, type TopInk } from './top-ink.ts';
import { TOP_KEYS, type TopKeys } from './top-keys-state.ts';
import { type Line, lineText, type Span, type TopColumn, tableLines } from './top-line.ts';
import { sortChannels, sortPeers } from './top-sort.ts';
import { byteRateText, cardText, lossText, rateText } from './top-text.ts';

/** How a frame is to look. */
export interface FrameOptions {
  readonly width: number;
  readonly height: number;
  readonly keys: TopKeys;
  readonly ink?: TopInk;
  /** Said instead of the foot: the agent does not answer. */
  readonly notice?: string | null;
}

/** Lost within that: it is time to act. */
const LOSS_NEAR_MS = 6 * 3_600_000;
const LAG_WARN_MS = 500;
const FREE_WARN = 0.05;
/** Title, blank line and a row: less is no table. */
const TABLE_LINES_LEAST = 3;

/** The lines of a screen, no more than fit. Pure. */
export function topFrame(figures: TopFigures, options: FrameOptions): string[] {
  const { width, height, keys, ink = NO_INK, notice = null } = options;
  const head = headLines(figures, width);
  const body = keys.help ? helpLines() : tables(figures, { lines: height - head.length - 1, keys });
  const lines = [...head, ...body].slice(0, Math.max(0, height - 1));
  while (lines.length < height - 1) lines.push([]);
  const foot: Line =
    notice === null
      ? [{ text: `q quit  b busy  n name  z size  ? help     sorted by ${keys.sort}`, ink: 'faint' }]
      : [{ text: notice, ink: 'bad' }];
  return [...lines, foot].map((line) => lineText(line, width, ink));
}

function headLines({ status, telemetry, alertsFiring }: TopFigures, width: number): Line[] {
  const { messages, disk, card, process: own, peers, uptimeMs } = telemetry;
  const up = peers.filter(({ connected }) => connected).length;
  const time = new Date(telemetry.atMs).toTimeString().slice(0, 8);
  const title = ` sedge top  ${status.name} in ${status.realmName}   up ${formatSpan(uptimeMs)}   ${up} of ${plural(peers.length, 'peer')} connected`;
  const { published, received, delivered } = messages;
  return [
    [{ text: titleText(title, time, width), ink: 'title' }],
    fact(
      'messages/s',
      `${rateText(published.perSecond)} published, ${rateText(received.perSecond)} received, ${rateText(delivered.perSecond)} delivered`,
    ),
    fact('journal', heldText(telemetry.disk)),
    fact('disk', ...diskSpans(disk)),
    fact('card', cardText(card)),
    fact(
      'process',
      `${(own.cpu * 100).toFixed(1)}% of a core, ${formatBytes(own.residentBytes)}, heap ${formatBytes(own.heapUsedBytes)}, `,
      lagSpan(own.eventLoopLagMs, own.eventLoopLagMsMax),
    ),
    fact('problems', ...problemSpans(status.problems, alertsFiring)),
    [],
  ];
}

/** The clock on the right, if it has room. */
function titleText(title: string, time: string, width: number): string {
  const room = width - time.length - 2;
  return room < 0 ? title.padEnd(width) : `${title.slice(0, room).padEnd(room)} ${time} `;
}

function heldText({ journalBytes, journalBytesMax }: TopFigures['telemetry']['disk']): string {
  const of = journalBytesMax === null ? '' : ` of ${formatBytes(journalBytesMax)}`;
  return `${formatBytes(journalBytes)}${of}`;
}

function diskSpans({
  freeBytes,
  totalBytes,
  written,
  writtenBytesPerMessage,
}: TopFigures['telemetry']['disk']): Span[] {
  const spans: Span[] = [];
  if (freeBytes !== null && totalBytes !== null) {
    const text = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free`;
    spans.push(freeBytes < totalBytes * FREE_WARN ? { text, ink: 'bad' } : { text });
  }
  if (written !== null) {
    const each = writtenBytesPerMessage === null ? '' : `, ${formatBytes(writtenBytesPerMessage)} a message`;
    spans.push({
      text: `${spans.length === 0 ? '' : ', '}${byteRateText(written.perSecond)} written${each}`,
    });
  }
  return spans;
}

function lagSpan(lagMs: number, lagMsMax: number): Span {
  const text = `lag ${formatSpan(lagMs)}, worst ${formatSpan(lagMsMax)}`;
  return lagMs > LAG_WARN_MS ? { text, ink: 'warn' } : { text };
}

function problemSpans(problems: TopFigures['status']['problems'], alertsFiring: number | null): Span[] {
  const alerts = alertsFiring === null ? '' : `, ${plural(alertsFiring, 'alert')} firing`;
  const [first] = problems;
  if (first === undefined && !alertsFiring) return [{ text: `none${alerts}`, ink: 'good' }];
  const more = alertsFiring ? ` ("sedge alerts")` : '';
  if (first === undefined) return [{ text: `none${alerts}${more}`, ink: 'warn' }];
  const text = `${formatCount(problems.length)}${alerts}${more}: ${first.sentence}`;
  return [{ text, ink: first.severity === 'alarm' ? 'bad' : 'warn' }];
}

function helpLines(): Line[] {
  const width = Math.max(...TOP_KEYS.map(([key]) => key.length));
  return [
    ...TOP_KEYS.map(([key, purpose]): Line => [{ text: `  ${key.padEnd(width)}  ${purpose}` }]),
    [],
    [{ text: '  LACKS THERE is what a peer does not have of what is held here, LOST IN when retention' }],
    [{ text: '  here begins to take that. docs/metrics.md says what each figure is.' }],
  ];
}

/** Peers and channels share what room there is; what does not fit is counted. */
function tables(
  { telemetry }: TopFigures,
  { lines, keys }: { readonly lines: number; readonly keys: TopKeys },
): Line[] {
  const peers = sortPeers(telemetry.peers, keys.sort);
  const channels = sortChannels(telemetry.channels, keys.sort);
  const wanted = peers.length === 0 ? 0 : peers.length + 2;
  const forChannels = Math.min(
    channels.length + 1,
    Math.max(TABLE_LINES_LEAST, lines - wanted, Math.floor(lines / 2)),
  );
  const forPeers = Math.max(0, lines - forChannels - 1);
  const peerTable = peers.length === 0 ? [] : [...fitted(peers, PEER_COLUMNS, forPeers), []];
  return [...peerTable, ...fitted(channels, CHANNEL_COLUMNS, lines - peerTable.length)];
}

function fitted<Row>(rows: readonly Row[], columns: readonly TopColumn<Row>[], lines: number): Line[] {
  if (lines < 2) return [];
  if (rows.length + 1 <= lines) return tableLines(rows, columns);
  const shown = rows.slice(0, Math.max(0, lines - 2));
  return [
    ...tableLines(shown, columns),
    [{ text: `and ${formatCount(rows.length - shown.length)} more`, ink: 'faint' }],
  ];
}

const PEER_COLUMNS: readonly TopColumn<PeerTelemetry>[] = Object.freeze([
  { title: 'PEER', cell: ({ name, node }) => name || node.slice(-8) },
  {
    title: 'LINK',
    cell: ({ connected, health }) => (connected && health === 'ok' ? 'up' : health),
    ink: ({ health }) => (health === 'ok' ? 'good' : 'bad'),
  },
  {
    title: 'RTT',
    cell: ({ latencyMs }) => (latencyMs === null ? '-' : formatSpan(latencyMs)),
    align: 'right',
  },
  { title: 'LACKS HERE', cell: ({ missingHere }) => formatCount(missingHere), align: 'right' },
  {
    title: 'LACKS THERE',
    cell: ({ missingThere, backlog }) => (isUnknown(backlog) ? '?' : formatCount(missingThere)),
    ink: ({ missingThere }) => (missingThere > 0 ? 'warn' : undefined),
    align: 'right',
  },
  {
    title: 'LOST IN',
    cell: lossText,
    ink: ({ lossInMs }) => (lossInMs !== null && lossInMs < LOSS_NEAR_MS ? 'bad' : undefined),
  },
]);

/** Nothing is said of any channel that is not in step. */
function isUnknown(backlog: PeerTelemetry['backlog']): boolean {
  return backlog.length > 0 && backlog.every(({ missingThere }) => missingThere === null);
}

const CHANNEL_COLUMNS: readonly TopColumn<ChannelTelemetry>[] = Object.freeze([
  { title: 'CHANNEL', cell: ({ channel }) => channel },
  { title: 'PUBLISHED/S', cell: ({ published }) => rateText(published.perSecond), align: 'right' },
  { title: 'RECEIVED/S', cell: ({ received }) => rateText(received.perSecond), align: 'right' },
  { title: 'DELIVERED/S', cell: ({ delivered }) => rateText(delivered.perSecond), align: 'right' },
  { title: 'HELD', cell: ({ messages }) => formatCount(messages), align: 'right' },
  { title: 'BYTES', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
  {
    title: 'LIMIT',
    cell: ({ bytesMax }) => (bytesMax === null ? '-' : formatBytes(bytesMax)),
    align: 'right',
  },
  {
    title: 'GAPS',
    cell: ({ gaps }) => formatCount(gaps),
    ink: ({ gaps }) => (gaps > 0 ? 'warn' : undefined),
    align: 'right',
  },
  { title: 'DROPPED', cell: ({ dropped }) => formatCount(sum(dropped)), align: 'right' },
]);

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function fact(name: string, ...rest: (string | Span)[]): Line {
  const spans = rest.map((part): Span => (typeof part === 'string' ? { text: part } : part));
  return [{ text: name.padEnd(12), ink: 'faint' }, ...spans];
}
