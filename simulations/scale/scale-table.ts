import type { ScaleRow } from './scale-row.ts';

interface Column {
  readonly title: string;
  readonly text: (row: ScaleRow) => string;
}

const number = (value: number) => value.toLocaleString('en-US');

const COLUMNS: readonly Column[] = [
  { title: 'nodes', text: ({ nodes }) => number(nodes) },
  { title: 'overlay', text: ({ overlay }) => overlay },
  {
    title: 'gossip, B a message a node',
    text: ({ gossipBytesPerMessagePerNode }) => number(gossipBytesPerMessagePerNode),
  },
  { title: 'delay p50, ms', text: ({ delayP50Ms }) => number(delayP50Ms) },
  { title: 'p99, ms', text: ({ delayP99Ms }) => number(delayP99Ms) },
  { title: 'not delivered', text: ({ undelivered }) => number(undelivered) },
  {
    title: 'idle sync, B a node a minute',
    text: ({ syncBytesPerNodePerMinute }) => number(syncBytesPerNodePerMinute),
  },
  {
    title: 'idle connections, B a node a minute',
    text: ({ connectionBytesPerNodePerMinute: bytes, overlay }) =>
      overlay === 'model' ? '-' : number(bytes),
  },
  {
    title: 'catch-up, B a message',
    text: ({ catchUpBytesPerMessage }) => number(catchUpBytesPerMessage),
  },
  { title: 'catch-up, ms', text: ({ catchUpMs }) => number(catchUpMs) },
  {
    title: 'one author more, B sent a node',
    text: ({ introductionBytesPerNode }) => number(introductionBytesPerNode),
  },
  { title: 'B kept', text: ({ authorMemoryBytesPerNode }) => number(authorMemoryBytesPerNode) },
  {
    title: 'memory, KiB a node',
    text: ({ memoryBytesPerNode }) => number(Math.round(memoryBytesPerNode / 1024)),
  },
  { title: 'simulated in, CPU s', text: ({ cpuSeconds }) => number(cpuSeconds) },
];

/** The rows as a table in Markdown, which reads well in a terminal too. */
export function scaleTable(rows: readonly ScaleRow[]): string {
  const cells = rows.map((row) => COLUMNS.map(({ text }) => text(row)));
  const widths = COLUMNS.map(({ title }, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => (column === 1 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 1 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(COLUMNS.map(({ title }) => title)), rule, ...cells.map(line)].join('\n');
}
