import type { WorkloadResult } from './workload.ts';

/** Columns of the table: what is printed of a result, in which width. */
const COLUMNS: readonly { readonly title: string; readonly key: keyof WorkloadResult }[] = [
  { title: 'workload', key: 'workload' },
  { title: 'variant', key: 'variant' },
  { title: 'messages/s', key: 'messagesPerSecond' },
  { title: 'p50 ms', key: 'p50Ms' },
  { title: 'p99 ms', key: 'p99Ms' },
  { title: 'seconds', key: 'seconds' },
  { title: 'lost', key: 'lost' },
  { title: 'twice', key: 'duplicated' },
  { title: 'B/message', key: 'bytesWrittenPerMessage' },
  { title: 'cpu s near', key: 'cpuSecondsNear' },
  { title: 'far', key: 'cpuSecondsFar' },
  { title: 'live', key: 'liveMessages' },
  { title: 'stored MB', key: 'storedMB' },
  { title: 'empty MB', key: 'emptyMB' },
  { title: 'added MB', key: 'addedMB' },
  { title: 'MB', key: 'residentMB' },
  { title: 'unclean ms', key: 'readyUncleanMs' },
  { title: 'B out', key: 'bytesOut' },
  { title: 'B in', key: 'bytesIn' },
  { title: 'entries B', key: 'entryBytes' },
  { title: 'overhead', key: 'overhead' },
  { title: 'cores', key: 'coreShare' },
  { title: 'cpu ms', key: 'cpuMsPerScrape' },
  { title: 'series', key: 'series' },
  { title: 'page B', key: 'pageBytes' },
  { title: 'ready ms', key: 'readyMs' },
  { title: 'x gossipsub', key: 'ratioToGossipsub' },
  { title: 'spread', key: 'spread' },
];

/** The results as lines of text; columns that no result has are left out. */
export function resultTable(results: readonly WorkloadResult[]): string[] {
  const columns = COLUMNS.filter(({ key }) => results.some((result) => result[key] != null));
  const rows = [
    columns.map(({ title }) => title),
    ...results.map((result) => columns.map(({ key }) => cell(result[key]))),
  ];
  const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((text, column) => (column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 3 }) : value;
}
