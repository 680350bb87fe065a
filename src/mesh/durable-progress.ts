import { cborUint } from '../bytes/index.ts';
import type { LogId } from '../entry/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { CursorFile, SeqRange } from '../journal/index.ts';
import type { LogProgress, LogReader } from './log-reader.ts';
import { MARKS_MAX, type WasMark } from './was-marks.ts';

const VERSION = 1;

/** What a durable subscription kept: its filters and its progress in each log. */
export interface KeptProgress {
  readonly filters: readonly string[];
  readonly logs: readonly LogProgress[];
}

/**
 * The state of a durable subscription on disk: a first row with version and filters, then a row for each
 * acknowledgement, the last one of a log counts. Rewritten whole when it has grown to a multiple of what counts.
 */
export class DurableProgress {
  readonly #file: CursorFile;
  readonly #filters: readonly string[];
  readonly #logs = new Map<string, LogProgress>();
  /** By log: acknowledged, and in no write that succeeded. */
  readonly #unwritten = new Map<string, LogProgress>();
  #saving: Promise<void> = Promise.resolve();
  #rows = 0;
  /** Rows were written without fsync since the last one. */
  #unsynced = false;
  /** Such rows may be lost, as an fsync failed. */
  #rowsLost = false;

  constructor(file: CursorFile, filters: readonly string[]) {
    this.#file = file;
    this.#filters = [...filters].sort();
  }

  /** Loads what was kept; `null` for a new subscription. Throws `mesh.subscription-mismatch`. */
  async load(): Promise<KeptProgress | null> {
    const [meta, ...rows] = await this.#file.load();
    if (meta === undefined) return null;
    const [version, filters] = meta as [number, string[]];
    if (version !== VERSION) throw new SedgeError('journal.version', { version });
    if (JSON.stringify(filters) !== JSON.stringify(this.#filters)) {
      throw new SedgeError('mesh.subscription-mismatch', { filters: filters.join(' ') });
    }
    for (const row of rows) this.#remember(readRow(row));
    this.#rows = rows.length;
    return { filters, logs: [...this.#logs.values()] };
  }

  /** Starts a new subscription at the given places. Durable when it resolves. */
  async create(logs: readonly LogProgress[]): Promise<void> {
    for (const progress of logs) this.#remember(progress);
    await this.#rewrite();
  }

  /**
   * Keeps the progress of the readers, and what an earlier call could not keep. Durable when it resolves, with all
   * that was acknowledged before: also what another call is still writing. With `sync: false` a power cut may take it
   * back until a later call without that.
   */
  save(readers: Iterable<LogReader>, { sync = true }: { readonly sync?: boolean } = {}): Promise<void> {
    for (const reader of readers) this.#note(reader.progress());
    this.#saving = this.#saving.catch(() => {}).then(() => this.#writeNoted(sync));
    return this.#saving;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #note(progress: LogProgress): void {
    this.#remember(progress);
    const key = keyOf(progress);
    // Of the marks only the new ones go to disk each time, so those that did not get there stay with the row.
    const marks = [...(this.#unwritten.get(key)?.marks ?? []), ...progress.marks];
    this.#unwritten.set(key, { ...progress, marks });
  }

  async #writeNoted(sync: boolean): Promise<void> {
    const noted = [...this.#unwritten.values()];
    if (noted.length === 0 && !(sync && (this.#unsynced || this.#rowsLost))) return;
    const rows = noted.map(rowOf);
    this.#rows += rows.length;
    if (this.#rowsLost || this.#rows > 1_024 + this.#logs.size * 8) await this.#rewrite();
    else await this.#write(rows, sync);
    for (const progress of noted) {
      const key = keyOf(progress);
      // What was noted meanwhile stays.
      if (this.#unwritten.get(key) === progress) this.#unwritten.delete(key);
    }
  }

  async #write(rows: readonly unknown[][], sync: boolean): Promise<void> {
    try {
      if (rows.length === 0) await this.#file.sync();
      else await this.#file.append(rows.length === 1 ? rows[0] : ['rows', rows], { sync });
    } catch (error) {
      this.#rowsLost ||= this.#unsynced;
      throw error;
    }
    this.#unsynced = !sync;
  }

  async #rewrite(): Promise<void> {
    const rows = [...this.#logs.values()].map(rowOf);
    this.#rows = rows.length;
    await this.#file.rewrite([[VERSION, this.#filters], ...rows]);
    this.#unsynced = false;
    this.#rowsLost = false;
  }

  #remember(progress: LogProgress | readonly LogProgress[]): void {
    for (const one of [progress].flat() as LogProgress[]) {
      const key = keyOf(one);
      const before = this.#logs.get(key)?.marks ?? [];
      const marks = one.marks.length === 0 ? before : [...before, ...one.marks].slice(-MARKS_MAX);
      this.#logs.set(key, { ...one, marks });
    }
  }
}

function keyOf({ channel, log }: LogProgress): string {
  return `${channel} ${log}`;
}

function rowOf({ channel, log, next, reported, marks }: LogProgress): unknown[] {
  return [
    channel,
    log,
    cborUint(next),
    reported.flatMap(({ first, last }) => [cborUint(first), cborUint(last)]),
    ...(marks.length === 0 ? [] : [marks.flatMap(({ seq, content }) => [cborUint(seq), content])]),
  ];
}

function readRow(row: unknown): LogProgress | LogProgress[] {
  const items = row as unknown[];
  if (items[0] === 'rows' && Array.isArray(items[1]))
    return (items[1] as unknown[]).map((one) => readRow(one) as LogProgress);
  const [channel, log, next, numbers, marked = []] = items as [
    string,
    LogId,
    number,
    number[],
    (number | string)[]?,
  ];
  const reported: SeqRange[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    reported.push({ first: numbers[index]!, last: numbers[index + 1]! });
  }
  const marks: WasMark[] = [];
  for (let index = 0; index < marked.length; index += 2) {
    marks.push({ seq: marked[index] as number, content: marked[index + 1] as string });
  }
  return { channel, log, next, reported, marks };
}
