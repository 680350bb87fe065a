import { cborUint, toHex } from '../bytes/index.ts';
import { accept, type Result, refuse } from '../errors/index.ts';
import type { Disk } from './disk.ts';
import type { Offset } from './journal-face.ts';
import { readWholeFile, writeWholeFile } from './whole-file.ts';

/** Name of the file in a journal's directory. */
export const STATE_FILE = 'state';
/** Its format. */
export const STATE_FORMAT = { tag: 'sta', version: 1 } as const;

/** Incarnations remembered; offsets of older ones are unknown. */
const INCARNATIONS_MAX = 64;
const INCARNATION_BYTES = 8;

/** A life of the journal between unclean starts. */
export interface Incarnation {
  readonly id: string;
  /** First position given in it. */
  readonly first: number;
  /** Last position that survived of it; the current one's is not known yet. */
  readonly last: number;
}

/** What a journal keeps about itself. */
export interface JournalState {
  /** Seeds the checks of records; never leaves the node. */
  readonly salt: number;
  /** Stopped in order: nothing was given a position after this was written. */
  readonly clean: boolean;
  readonly nextPosition: number;
  /** Oldest first; the last is the current one. */
  readonly incarnations: readonly Incarnation[];
}

/** The state as it goes to disk. */
export function encodeJournalState(state: JournalState): unknown {
  return [
    state.salt,
    state.clean,
    cborUint(state.nextPosition),
    state.incarnations.map(({ id, first, last }) => [
      new Uint8Array(Buffer.from(id, 'hex')),
      cborUint(first),
      cborUint(last),
    ]),
  ];
}

/** Reads the state; `null` if it is missing or damaged. Throws `journal.version`. */
export async function readJournalState(disk: Disk, directory: string): Promise<JournalState | null> {
  const content = await readWholeFile(disk, `${directory}/${STATE_FILE}`, STATE_FORMAT);
  return content.kind === 'value' ? decodeJournalState(content.value) : null;
}

/** Replaces the state durably. */
export function writeJournalState(disk: Disk, directory: string, state: JournalState): Promise<void> {
  const place = { directory, name: STATE_FILE };
  return writeWholeFile(disk, place, { format: STATE_FORMAT, value: encodeJournalState(state) });
}

/** The state after an unclean start: what survived is closed and a new incarnation begins behind it. */
export function openIncarnation(
  state: JournalState,
  randomBytes: (n: number) => Uint8Array,
): Omit<JournalState, 'clean'> {
  const survived = state.nextPosition - 1;
  const closed = state.incarnations
    .map((incarnation, index) => {
      const next = state.incarnations[index + 1];
      return next === undefined ? { ...incarnation, last: survived } : incarnation;
    })
    // An incarnation that gave no position that survived has only the offset before its first.
    .slice(-(INCARNATIONS_MAX - 1));
  const id = toHex(randomBytes(INCARNATION_BYTES));
  const opened = { id, first: state.nextPosition, last: state.nextPosition - 1 };
  return { ...state, incarnations: [...closed, opened] };
}

/** Reads `<incarnation>:<position>`. Refuses (`journal.offset-unknown`) what cannot be in the journal. */
export function resolveOffset(
  state: Pick<JournalState, 'incarnations'>,
  text: string,
  lastPosition: number,
): Result<{ position: number }> {
  const match = /^([0-9a-f]{16}):(\d{1,15})$/.exec(text);
  if (match === null) return refuse('journal.offset-unknown');
  const position = Number(match[2]);
  const index = state.incarnations.findIndex(({ id }) => id === match[1]);
  const incarnation = state.incarnations[index];
  if (incarnation === undefined) return refuse('journal.offset-unknown');
  const last = index === state.incarnations.length - 1 ? lastPosition : incarnation.last;
  // Any position up to there: an incarnation knows those that it took over from the ones before.
  return position <= Math.max(last, incarnation.first - 1)
    ? accept({ position })
    : refuse('journal.offset-unknown');
}

/** `<incarnation>:<position>`. */
export function formatOffset(offset: Offset): string {
  return `${offset.incarnation}:${offset.position}`;
}

function decodeJournalState(value: unknown): JournalState | null {
  if (!Array.isArray(value) || value.length < 4) return null;
  const [salt, clean, nextPosition, list] = value as unknown[];
  if (typeof salt !== 'number' || typeof clean !== 'boolean' || typeof nextPosition !== 'number') return null;
  if (!Array.isArray(list) || list.length === 0) return null;
  const incarnations: Incarnation[] = [];
  for (const item of list as unknown[]) {
    if (!Array.isArray(item)) return null;
    const [id, first, last] = item as unknown[];
    if (!(id instanceof Uint8Array) || typeof first !== 'number' || typeof last !== 'number') return null;
    incarnations.push({ id: toHex(id), first, last });
  }
  return { salt, clean, nextPosition, incarnations };
}
