/** Crashes with a sentence when something that must always hold does not: a bug, never bad input. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(`bug: ${sentence}`);
}

/** Ends a `switch` over a union: the compiler proves that every case is handled. */
export function assertNever(value: never): never {
  throw new Error(`bug: unhandled case ${JSON.stringify(value)}`);
}
