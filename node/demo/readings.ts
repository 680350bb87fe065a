import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The project's own copy of the data; data/README.md has its attribution. */
export const READINGS_FILE = fileURLToPath(
  new URL('./data/beijing-air-quality-2016-12.csv', import.meta.url),
);

/** Message header with the time of the observation; the author's own time is that of publishing. */
export const OBSERVED_HEADER = 'observed';

/** One value that a station measured. */
export interface Reading {
  readonly station: string;
  /** Name of the column, such as `PM2.5`. */
  readonly quantity: string;
  /** As it stands in the file: no rounding. */
  readonly value: string;
  /** When it was measured, ISO 8601 with the station's offset: `2016-12-01T00+08`. */
  readonly observed: string;
}

/** The twelve stations, in the order of the file. */
export const STATIONS = Object.freeze([
  'Aotizhongxin',
  'Changping',
  'Dingling',
  'Dongsi',
  'Guanyuan',
  'Gucheng',
  'Huairou',
  'Nongzhanguan',
  'Shunyi',
  'Tiantan',
  'Wanliu',
  'Wanshouxigong',
]);

/** Columns that hold no measured number. */
const OTHER_COLUMNS = new Set(['No', 'year', 'month', 'day', 'hour', 'wd', 'station']);
/** What a station wrote where it lost a reading. */
const LOST = 'NA';

/**
 * Reads the data as a stream: every numeric value of the given stations that is not `NA`, hour by hour in the
 * order of the file. Throws an `Error` for a file that lacks a column or has a row of another length.
 */
export async function* readReadings(
  stations: ReadonlySet<string>,
  file: string = READINGS_FILE,
): AsyncGenerator<Reading> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  let columns: Columns | null = null;
  for await (const line of lines) {
    if (line === '') continue;
    const cells = line.split(',');
    if (columns === null) {
      columns = columnsOf(cells);
      continue;
    }
    if (cells.length !== columns.count) {
      throw new Error(`${file}: a row has ${cells.length} cells, not ${columns.count}.`);
    }
    const station = cells[columns.station]!;
    if (stations.has(station)) yield* readingsOf(columns, cells, station);
  }
}

/**
 * The readings of several stations in turn, one of each station that has more: as they would come from stations
 * that measure at the same time.
 */
export async function* readInTurn(
  stations: readonly string[],
  file: string = READINGS_FILE,
): AsyncGenerator<Reading> {
  let running = stations.map((station) => readReadings(new Set([station]), file));
  while (running.length > 0) {
    const ended = new Set<AsyncGenerator<Reading>>();
    for (const readings of running) {
      const { value, done } = await readings.next();
      if (done === true) ended.add(readings);
      else yield value;
    }
    if (ended.size > 0) running = running.filter((readings) => !ended.has(readings));
  }
}

/** Where in a row to find what. */
interface Columns {
  readonly count: number;
  readonly station: number;
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly quantities: readonly { readonly name: string; readonly at: number }[];
}

function columnsOf(names: readonly string[]): Columns {
  const at = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw new Error(`The data has no column "${name}".`);
    return index;
  };
  return {
    count: names.length,
    station: at('station'),
    year: at('year'),
    month: at('month'),
    day: at('day'),
    hour: at('hour'),
    quantities: names.flatMap((name, index) => (OTHER_COLUMNS.has(name) ? [] : { name, at: index })),
  };
}

function* readingsOf(columns: Columns, cells: readonly string[], station: string): Generator<Reading> {
  const two = (at: number): string => cells[at]!.padStart(2, '0');
  const date = `${cells[columns.year]}-${two(columns.month)}-${two(columns.day)}`;
  const observed = `${date}T${two(columns.hour)}+08`;
  for (const { name, at } of columns.quantities) {
    const value = cells[at]!;
    if (value !== LOST && value !== '') yield { station, quantity: name, value, observed };
  }
}
