import { isUtf8 } from 'node:buffer';
import { isSedgeError, type SedgeError } from '../../src/errors/index.ts';
import type { AcknowledgementWish } from '../control/acknowledgement-wish.ts';
import type { AgentPublisher, SendOptions } from '../control/client/index.ts';
import { LineSplitter } from '../control/line-splitter.ts';
import type { CommandContext } from './command-context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { plural } from './human-figures.ts';
import { ProgressLine } from './progress-line.ts';

/** What every line is published as. */
export interface PublishLinesOptions extends AcknowledgementWish {
  readonly topic: string;
  /** An id counts up from line to line. */
  readonly options: SendOptions;
}

const NEWLINE = 0x0a;

/**
 * Publishes each line of stdin as a message, many on their way at once, and waits until all are acknowledged. A
 * line that is refused by itself (too large) is told of and the others go on, which ends in exit code 1; what
 * would hit every line (a bad topic, a full disk, no agent) ends the command. Says on stderr how many made it.
 */
export async function publishLines(context: CommandContext, what: PublishLinesOptions): Promise<ExitCode> {
  const interruption = context.interruption();
  return context.withAgent(async (agent) => {
    const { ack, replicasTimeoutMs } = what;
    const publisher = agent.publisher({
      ...(ack === undefined ? {} : { ack }),
      ...(replicasTimeoutMs === undefined ? {} : { replicasTimeoutMs }),
    });
    // Before anything is read: whoever types or pipes into it learns at once that nobody listens.
    await publisher.opened();
    const run = new LinePublishing(context, publisher, what);
    try {
      await run.readAll(interruption);
      await run.end();
    } catch (error) {
      run.fail(error);
    }
    return run.report();
  });
}

class LinePublishing {
  readonly #context: CommandContext;
  readonly #publisher: AgentPublisher;
  readonly #what: PublishLinesOptions;
  readonly #hasOptions: boolean;
  readonly #progress: ProgressLine;
  readonly #startedAtMs = performance.now();
  #lines = 0;
  #refused = 0;
  #fatal: unknown = null;

  constructor(context: CommandContext, publisher: AgentPublisher, what: PublishLinesOptions) {
    this.#context = context;
    this.#publisher = publisher;
    this.#what = what;
    this.#hasOptions = Object.keys(what.options).length > 0;
    this.#progress = new ProgressLine(context.io.stderr, 'messages');
  }

  async readAll(interruption: AbortSignal): Promise<void> {
    const { stdin } = this.#context.io;
    const splitter = new LineSplitter();
    const stop = (): void => void stdin.destroy();
    interruption.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of stdin as AsyncIterable<Buffer>) {
        const lines = splitter.push(chunk);
        if (lines !== null) await this.#publishAll(lines);
        this.#progress.update(this.#publisher.acknowledged);
      }
    } catch (error) {
      if (!interruption.aborted) throw error;
    }
    const rest = splitter.end();
    if (rest !== null && !interruption.aborted) await this.#publishAll(rest);
  }

  async end(): Promise<void> {
    const timer = setInterval(() => this.#progress.update(this.#publisher.acknowledged), 100);
    try {
      await this.#publisher.close();
    } catch (error) {
      // Refusals of single lines were told of already.
      if (!isOfOneLine(error)) throw error;
    } finally {
      clearInterval(timer);
    }
  }

  fail(error: unknown): void {
    this.#fatal ??= error;
    void this.#publisher.close().catch(() => {});
  }

  /** The end of the story: how many, how fast, and what went wrong. */
  async report(): Promise<ExitCode> {
    this.#progress.clear();
    const { acknowledged: published, duplicates } = this.#publisher;
    const seconds = Math.round(performance.now() - this.#startedAtMs) / 1_000;
    const failed = this.#lines - published;
    if (this.#context.json) await this.#context.record({ published, duplicates, failed, seconds });
    else if (this.#context.io.stderr.isTTY === true || failed > 0) {
      const rate = Math.round(published / Math.max(0.001, seconds));
      this.#context.note(
        `${plural(published, 'message')} published in ${seconds} s (${rate}/s), ${failed} not`,
      );
    }
    if (this.#fatal !== null) throw this.#fatal;
    return failed > 0 ? EXIT.failure : EXIT.done;
  }

  async #publishAll(lines: Buffer): Promise<void> {
    if (isUtf8(lines)) {
      for (const line of lines.toString('utf8').split('\n')) if (!this.#send(line)) await this.#room();
      return;
    }
    let start = 0;
    while (start <= lines.length) {
      const newline = lines.indexOf(NEWLINE, start);
      const end = newline < 0 ? lines.length : newline;
      if (!this.#send(lines.subarray(start, end))) await this.#room();
      start = end + 1;
    }
  }

  async #room(): Promise<void> {
    await this.#publisher.room();
    if (this.#fatal !== null) throw this.#fatal;
    this.#progress.update(this.#publisher.acknowledged);
  }

  #send(payload: string | Uint8Array): boolean {
    if (this.#fatal !== null) throw this.#fatal;
    const line = ++this.#lines;
    const { topic, options } = this.#what;
    const done = (error: SedgeError | null): void => {
      if (error !== null) this.#refuse(line, error);
    };
    if (!this.#hasOptions) return this.#publisher.send(topic, payload, undefined, done);
    const id = options.id && { ...options.id, n: options.id.n + line - 1 };
    return this.#publisher.send(topic, payload, id === undefined ? options : { ...options, id }, done);
  }

  #refuse(line: number, error: SedgeError): void {
    if (!isOfOneLine(error)) {
      this.#fatal ??= error;
      return;
    }
    // One line a refusal, and not a flood of them.
    if (++this.#refused > 10) return;
    this.#progress.clear();
    const what = isSedgeError(error, 'mesh.not-acknowledged') ? 'acknowledged' : 'published';
    this.#context.note(`sedge: line ${line} was not ${what}: ${error.message}`);
  }
}

/** True for what is wrong with one line and not with the next. */
function isOfOneLine(error: unknown): boolean {
  return isSedgeError(error, 'entry.payload-too-large') || isSedgeError(error, 'mesh.not-acknowledged');
}
