import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { SedgeError } from '../../src/errors/index.ts';
import { type AgentClient, connectAgent } from '../control/client/index.ts';
import { SERVICE_DIRECTORY } from '../service/unit-text.ts';
import { proposal } from './proposed-command.ts';

/** The process around a command; tests bring their own. */
export interface CommandIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly nowMs: () => number;
}

/** Options that every command has. */
export interface GlobalOptions {
  readonly dir?: string;
  readonly json?: boolean;
}

/**
 * The directory that a command works in: `--dir`, else `SEDGE_DIR`, else `~/.sedge`; where that does not exist and the
 * machine has the service, the service's.
 */
export function chosenDirectory(option: string | undefined, env: CommandIo['env']): string {
  const chosen = option ?? (env.SEDGE_DIR || undefined);
  if (chosen !== undefined) return resolve(chosen);
  const own = join(homedir(), '.sedge');
  return !existsSync(own) && existsSync(SERVICE_DIRECTORY) ? SERVICE_DIRECTORY : own;
}

/** What a command knows of its surroundings: where it works, and where data, notes and errors go. */
export class CommandContext {
  readonly io: CommandIo;
  readonly directory: string;
  /** NDJSON on stdout instead of text for people. */
  readonly json: boolean;
  /** Whether `--dir` or the environment said which directory. */
  readonly isDirectoryNamed: boolean;
  readonly #typedDirectory: string | undefined;

  constructor(io: CommandIo, globals: GlobalOptions) {
    this.io = io;
    this.#typedDirectory = globals.dir;
    this.json = globals.json === true;
    this.directory = chosenDirectory(globals.dir, io.env);
    this.isDirectoryNamed = globals.dir !== undefined || Boolean(io.env.SEDGE_DIR);
  }

  /** Data on stdout; resolves when it is handed to the system, so a slow reader holds the command back. */
  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.io.stdout.write(data, (error) => (error ? reject(outputError(error)) : resolve()));
    });
  }

  /** One object as a line of NDJSON on stdout. */
  record(object: unknown): Promise<void> {
    return this.write(`${JSON.stringify(object)}\n`);
  }

  /** A sentence for people on stderr; nothing with `--json`. */
  note(sentence: string): void {
    if (!this.json) this.io.stderr.write(`${this.proposing(sentence)}\n`);
  }

  /** A sentence whose commands are about the node that this one is about. */
  proposing(sentence: string): string {
    return proposal(sentence, { typed: this.#typedDirectory, directory: this.directory });
  }

  /** How the agent of the directory is started. */
  get startCommand(): string {
    return this.directory === SERVICE_DIRECTORY ? 'sudo systemctl start sedge' : 'sedge start';
  }

  /** A client of the running agent. Throws `agent.not-running` with the first request if there is none. */
  connect(): AgentClient {
    return connectAgent({ directory: this.directory });
  }

  /** Runs `work` with a client of the running agent and closes it afterwards. */
  async withAgent<T>(work: (agent: AgentClient) => Promise<T>): Promise<T> {
    const agent = this.connect();
    try {
      return await work(agent);
    } finally {
      await agent.close();
    }
  }

  /** Aborts at the first SIGINT or SIGTERM; the second ends the process at once. Call it once a command. */
  interruption(): AbortSignal {
    const controller = new AbortController();
    const onSignal = (): void => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    return controller.signal;
  }
}

function outputError(error: Error & { code?: string }): Error {
  return error.code === 'EPIPE'
    ? error
    : new SedgeError('cli.output', { reason: error.message }, { cause: error });
}
