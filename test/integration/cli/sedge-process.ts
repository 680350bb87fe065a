import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));
const READY_MS_MAX = 30_000;

/** What a command printed, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What an agent says when it is ready. */
export interface Ready {
  readonly event: 'ready';
  readonly node: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly http?: readonly string[];
}

/** Directories and processes of one test, all gone after `cleanUp`. */
export class Sedge {
  readonly #directories: string[] = [];
  readonly #children = new Set<ChildProcess>();

  /** A fresh directory's path. */
  async directory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'sedge-it-'));
    this.#directories.push(directory);
    return directory;
  }

  /** Starts a command without waiting for it. */
  spawn(directory: string, ...argv: readonly string[]): ChildProcess {
    const env = { PATH: process.env.PATH, HOME: directory, SEDGE_DIR: directory, NODE_ENV: 'test' };
    const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.stdin!.on('error', () => {});
    return child;
  }

  /** Runs a command to its end. */
  async run(directory: string, argv: readonly string[], stdin: string | Uint8Array = ''): Promise<Finished> {
    const child = this.spawn(directory, ...argv);
    child.stdin!.end(stdin);
    return finished(child);
  }

  /** Starts an agent on loopback and waits for its ready line. */
  async startAgent(
    directory: string,
    ...argv: readonly string[]
  ): Promise<{ child: ChildProcess; ready: Ready }> {
    const listen = argv.includes('--listen') ? [] : ['--listen', '/ip4/127.0.0.1/tcp/0'];
    // Their defaults are fixed ports.
    const mqtt = argv.includes('--mqtt') ? [] : ['--mqtt', 'off'];
    const http = argv.includes('--http') ? [] : ['--http', 'off'];
    const gateways = [...mqtt, ...http];
    const child = this.spawn(directory, 'start', '--json', '--no-mdns', ...listen, ...gateways, ...argv);
    let stderr = '';
    child.stderr!.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const lines = createInterface({ input: child.stdout! });
    const timeout = AbortSignal.timeout(READY_MS_MAX);
    const line = await Promise.race([
      once(lines, 'line', { signal: timeout }).then(([text]) => String(text)),
      once(child, 'exit', { signal: timeout }).then(() => null),
    ]);
    if (line === null) throw new Error(`the agent ended: ${stderr}`);
    return { child, ready: JSON.parse(line) as Ready };
  }

  /** Ends a process and waits until it is gone. */
  async kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [code] = await exit;
    return code as number | null;
  }

  async cleanUp(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.kill(child, 'SIGKILL')));
    await Promise.all(this.#directories.map((directory) => rm(directory, { recursive: true, force: true })));
  }
}

/** Waits for a process to end and returns all that it printed. */
export async function finished(child: ChildProcess): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk) => {
    stdout += String(chunk);
  });
  child.stderr!.on('data', (chunk) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, 'close');
  return { code: code as number | null, stdout, stderr };
}

/** Objects of NDJSON. */
export function objects(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
}
