import { Buffer } from 'node:buffer';
import { cborUint } from '../bytes/index.ts';
import { type LogId, logIdOf, splitLogId } from '../entry/index.ts';
import type { Disk } from './disk.ts';
import type { SeqRange } from './journal-face.ts';
import { decodeLogKey, encodeLogKey, LOG_KEY_BYTES } from './range-index.ts';
import { cutRange, joinRange } from './seq-ranges.ts';
import { readWholeFile, writeWholeFile } from './whole-file.ts';

/** Name of the file in a journal's directory. */
export const LET_GO_FILE = 'let-go';
/** Its format. */
export const LET_GO_FORMAT = { tag: 'let', version: 1 } as const;

/** Ranges kept of one log; over that the two lowest are joined, and what lies between them is given up too. */
export const LET_GO_RANGES_MAX = 32;
/** Logs kept account of; over that the one whose numbers were let go first is forgotten and may be fetched again. */
export const LET_GO_LOGS_MAX = 65_536;

const NONE: readonly SeqRange[] = Object.freeze([]);

/**
 * Numbers that this node held (or knew to be unused) and let go: neither missing, nor fetched again, nor taken
 * from whoever offers them. Ranges are replaced, never changed, so that a caller may keep what it was given.
 */
export class LetGo {
  readonly #ranges = new Map<LogId, readonly SeqRange[]>();

  /** Numbers let go of a log, ascending, disjoint. */
  of(log: LogId): readonly SeqRange[] {
    return this.#ranges.get(log) ?? NONE;
  }

  /** Logs of which something was let go. */
  logs(): IterableIterator<LogId> {
    return this.#ranges.keys();
  }

  /** Takes numbers up. */
  add(log: LogId, added: readonly SeqRange[]): void {
    if (added.length === 0) return;
    const ranges = [...this.of(log)];
    for (const { first, last } of added) joinRange(ranges, first, last);
    while (ranges.length > LET_GO_RANGES_MAX)
      ranges.splice(0, 2, { first: ranges[0]!.first, last: ranges[1]!.last });
    this.#ranges.delete(log);
    this.#ranges.set(log, ranges);
    if (this.#ranges.size > LET_GO_LOGS_MAX) this.#ranges.delete(this.#ranges.keys().next().value!);
  }

  /** Takes numbers back that are held all the same: if they get lost they are wanted again. */
  remove(log: LogId, held: readonly SeqRange[]): boolean {
    const before = this.of(log);
    const ranges = [...before];
    for (const { first, last } of held) cutRange(ranges, first, last);
    if (rangesEqual(ranges, before)) return false;
    if (ranges.length === 0) this.#ranges.delete(log);
    else this.#ranges.set(log, ranges);
    return true;
  }

  /** As it goes to disk: for each log its 40 bytes and the ends of its ranges. */
  encode(): unknown {
    return [...this.#ranges].map(([log, ranges]) => [
      new Uint8Array(encodeLogKey(splitLogId(log))),
      ...ranges.flatMap(({ first, last }) => [cborUint(first), cborUint(last)]),
    ]);
  }

  /** Takes up what {@link LetGo.encode} made; `false` if it has not the right shape. */
  restore(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    for (const row of value as unknown[]) {
      const read = readRow(row);
      if (read === null) return false;
      this.add(read.log, read.ranges);
    }
    return true;
  }
}

/**
 * Loads what was let go. A damaged file counts as none: what was let go is then missing, fetched again from
 * whoever has it, and dropped again in its time; nothing is lost by it. Throws `journal.version`.
 */
export async function loadLetGo(
  disk: Disk,
  directory: string,
): Promise<{ readonly letGo: LetGo; readonly damaged: boolean }> {
  const content = await readWholeFile(disk, `${directory}/${LET_GO_FILE}`, LET_GO_FORMAT);
  const letGo = new LetGo();
  if (content.kind === 'missing') return { letGo, damaged: false };
  const whole = content.kind === 'value' && letGo.restore(content.value);
  return whole ? { letGo, damaged: false } : { letGo: new LetGo(), damaged: true };
}

/** Replaces the file durably. */
export function writeLetGo(disk: Disk, directory: string, letGo: LetGo): Promise<void> {
  const content = { format: LET_GO_FORMAT, value: letGo.encode() };
  return writeWholeFile(disk, { directory, name: LET_GO_FILE }, content);
}

function readRow(row: unknown): { log: LogId; ranges: SeqRange[] } | null {
  if (!Array.isArray(row)) return null;
  const [key, ...ends] = row as unknown[];
  if (!(key instanceof Uint8Array) || key.length !== LOG_KEY_BYTES || ends.length % 2 === 1) return null;
  const ranges: SeqRange[] = [];
  for (let at = 0; at < ends.length; at += 2) {
    const [first, last] = [ends[at], ends[at + 1]];
    if (typeof first !== 'number' || typeof last !== 'number' || first > last) return null;
    ranges.push({ first, last });
  }
  return { log: logIdOf(decodeLogKey(Buffer.from(key), 0)), ranges };
}

function rangesEqual(a: readonly SeqRange[], b: readonly SeqRange[]): boolean {
  return (
    a.length === b.length && a.every(({ first, last }, at) => first === b[at]!.first && last === b[at]!.last)
  );
}
