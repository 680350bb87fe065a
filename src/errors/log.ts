/** Writes one structured line: fields and a fixed sentence. pino's loggers fit. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, sentence: string) => void;

/** The log that every part is given; it never holds keys, tokens or payloads. */
export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** The same log for a part of the node: its lines say so, and have a level of their own. @defaultValue the log itself */
  readonly part?: (name: string) => Log;
}

const nothing: LogLine = () => {};

/** A log that writes nothing. */
export const silentLog: Log = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing });

/** The log of a part of the node, where the log tells parts apart. */
export function partLog(log: Log, part: string): Log {
  return log.part?.(part) ?? log;
}
