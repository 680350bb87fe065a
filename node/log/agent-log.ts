import { type Logger, pino } from 'pino';
import type { Log, LogLine } from '../../src/errors/index.ts';
import { FloodState } from './flood-state.ts';
import { formatLine, type LogFormat } from './log-format.ts';
import { LOG_PARTS, type LogLevel, type LogLevels, type LogPart } from './log-levels.ts';

/** Where log lines go. */
export interface LogTarget {
  write(text: string): unknown;
}

/** How an agent logs. */
export interface AgentLogOptions {
  /** Of parts that `levels` does not name. */
  readonly level: LogLevel;
  readonly levels?: LogLevels;
  readonly format: LogFormat;
}

type Level = 'debug' | 'info' | 'warn' | 'error';

/** What was left out is told so often, if no line of its kind tells it. */
const LEFT_OUT_MS = 60_000;

/** The log of an agent: a line an event, with its part, by levels that can be changed as it runs, and never a flood. */
export class AgentLog implements Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  readonly #loggers: ReadonlyMap<string, Logger>;
  readonly #parts: ReadonlyMap<string, Log>;
  readonly #flood = new FloodState();
  #timer: NodeJS.Timeout | null = null;

  constructor({ level, levels = {}, format }: AgentLogOptions, target: LogTarget) {
    const root = pino(
      {
        level,
        base: null,
        timestamp: () => `,"time":"${new Date().toISOString()}"`,
        formatters: { level: (label) => ({ level: label }) },
      },
      { write: (line: string) => void target.write(formatLine(line, format)) },
    );
    this.#loggers = new Map(
      LOG_PARTS.map((part) => [part, root.child({ part }, { level: levels[part] ?? level })]),
    );
    this.#parts = new Map([...this.#loggers.keys()].map((part) => [part, this.#logOf(part)]));
    const { debug, info, warn, error } = this.#parts.get('agent')!;
    this.debug = debug;
    this.info = info;
    this.warn = warn;
    this.error = error;
  }

  /** The log of a part; of one that is unknown the agent's own. */
  readonly part = (name: string): Log => this.#parts.get(name) ?? this;

  /** The level of each part. */
  get levels(): Readonly<Record<LogPart, LogLevel>> {
    return Object.fromEntries([...this.#loggers].map(([part, { level }]) => [part, level])) as Record<
      LogPart,
      LogLevel
    >;
  }

  /** Changes levels, from the next line on. */
  setLevels(levels: LogLevels): void {
    for (const [part, level] of Object.entries(levels)) {
      const logger = this.#loggers.get(part);
      if (logger !== undefined) logger.level = level;
    }
  }

  #logOf(part: string): Log {
    const logger = this.#loggers.get(part)!;
    const limited =
      (level: Level): LogLine =>
      (fields, sentence) => {
        if (logger.isLevelEnabled(level)) this.#write(logger, { part, level, sentence }, fields);
      };
    return {
      // Who asks for these wants all of them.
      debug: (fields, sentence) => logger.debug(fields, sentence),
      info: limited('info'),
      warn: limited('warn'),
      error: limited('error'),
      part: this.part,
    };
  }

  #write(
    logger: Logger,
    kind: { readonly part: string; readonly level: Level; readonly sentence: string },
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const suppressed = this.#flood.line(kind, performance.now());
    if (suppressed === null) this.#tellLater();
    else if (suppressed === 0) logger[kind.level](fields, kind.sentence);
    else logger[kind.level]({ ...fields, suppressed }, kind.sentence);
  }

  #tellLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      for (const { part, level, sentence, suppressed } of this.#flood.takeLeftOut()) {
        this.#loggers.get(part)![level as Level]({ suppressed, of: sentence }, 'lines were left out');
      }
    }, LEFT_OUT_MS).unref();
  }
}
