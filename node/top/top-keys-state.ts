import { TOP_SORTS, type TopSort } from './top-sort.ts';

/** What keys change. */
export interface TopKeys {
  readonly sort: TopSort;
  readonly help: boolean;
}

/** What a key asks for beside that. */
export type TopAction = 'draw' | 'read' | 'quit' | 'suspend' | 'nothing';

/** Keys and what they are for, as the help shows them. */
export const TOP_KEYS: readonly (readonly [key: string, purpose: string])[] = Object.freeze([
  ['q, Ctrl-C', 'quit'],
  ['b', 'sort by what is busy: rates, and who will lose something first'],
  ['n', 'sort by name'],
  ['z', 'sort by size: bytes held, messages that are lacking'],
  ['s', 'the next of these'],
  ['space', 'look again now'],
  ['?', 'this help'],
]);

const SORT_KEYS: Readonly<Record<string, TopSort>> = Object.freeze({ b: 'busy', n: 'name', z: 'size' });
const ESCAPE = '\u001b';
const CONTROL_C = '\u0003';
const CONTROL_D = '\u0004';
const CONTROL_Z = '\u001a';

/** What becomes of it when keys are pressed; `input` is what the terminal sent. Pure. */
export function pressKeys(
  state: TopKeys,
  input: string,
): { readonly state: TopKeys; readonly action: TopAction } {
  const key = input.toLowerCase();
  if (['q', CONTROL_C, CONTROL_D].some((quit) => key.startsWith(quit))) return { state, action: 'quit' };
  if (key === CONTROL_Z) return { state, action: 'suspend' };
  if (key === ' ') return { state, action: 'read' };
  const sort = Object.hasOwn(SORT_KEYS, key)
    ? SORT_KEYS[key]!
    : key === 's'
      ? nextSort(state.sort)
      : undefined;
  if (sort !== undefined) return { state: { ...state, sort }, action: 'draw' };
  if (key === '?' || key === 'h') return { state: { ...state, help: !state.help }, action: 'draw' };
  // Any key leaves the help; sequences of arrows and the like mean nothing.
  if (state.help || key === ESCAPE) return { state: { ...state, help: false }, action: 'draw' };
  return { state, action: 'nothing' };
}

function nextSort(sort: TopSort): TopSort {
  return TOP_SORTS[(TOP_SORTS.indexOf(sort) + 1) % TOP_SORTS.length]!;
}
