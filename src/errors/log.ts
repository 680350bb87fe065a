/** Writes one structured line: fields and a fixed sentence. pino's loggers fit. */
export type LogLine = (fields: Readonly<Record<string, unknown>>, sentence: string) => void;

/** The log that every part is given; it never holds keys, tokens or payloads. */
export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

const nothing: LogLine = () => {};

/** A log that writes nothing. */
export const silentLog: Log = Object.freeze({ debug: nothing, info: nothing, warn: nothing, error: nothing });
