import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 20_000;
const SHELL_MS_MAX = 60_000;

/** A code block of a page: what stands behind its first fence, and the code. */
export interface Sample {
  readonly info: string;
  readonly code: string;
}

/** What `sedge status --json` says of where clients connect. */
interface AgentStatus {
  readonly agent: {
    readonly mqtt: { readonly listening: readonly string[] };
    readonly http: readonly string[];
  };
}

/** Code blocks of a page of the project, in their order. */
export async function samplesOf(page: string): Promise<Sample[]> {
  const text = await readFile(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\S[^\n]*)\n(.*?)^```/gms)].map(([, info, code]) => ({
    info: info!,
    code: code!,
  }));
}

/** Runs the shell samples of a page, in a home directory of their own, and ends what they left running. */
export class PageSamples {
  readonly home: string;
  readonly #running: ChildProcess[] = [];

  private constructor(home: string) {
    this.home = home;
  }

  static async make(): Promise<PageSamples> {
    return new PageSamples(await mkdtemp(join(tmpdir(), 'sedge-page-')));
  }

  /** Runs a sample to its end and returns what it printed. Throws with what it said if its exit code is not 0. */
  async shell(code: string): Promise<string> {
    return (await run('bash', ['-euo', 'pipefail', '-c', code], this.inHome(SHELL_MS_MAX))).stdout;
  }

  /**
   * Runs an agent in the background until the end, on free ports; resolves when it answers. Mosquitto's clients connect to
   * the first one without being told, and curl where localhost:8420 is asked for.
   */
  async startAgent(command: string): Promise<void> {
    const words = command
      .trim()
      .replace(/^npx sedge /, '')
      // A fixed port may be somebody else's.
      .replace(/(--http-tls \S+:)\d+/, '$10');
    const agent = this.#background(
      `node node/main.js ${words} --no-mdns --listen /ip4/127.0.0.1/tcp/0 --mqtt 0 --http 0`,
    );
    const directory = join(this.home, /--dir ~\/(\S+)/.exec(command)![1]!);
    const status = ['node/main.js', 'status', '--json', '--dir', directory];
    for (const endMs = Date.now() + READY_MS; Date.now() < endMs; await sleep(100)) {
      const answer = await run('node', status, this.inHome(10_000)).catch(() => null);
      if (answer !== null) return this.#leadClients(answer.stdout);
      if (agent.exitCode !== null) break;
    }
    throw new Error(`the agent of "${command.trim()}" did not get ready`);
  }

  /** Runs a virtual device in the background until the end; resolves when its port is there. */
  async startDevice(command: string): Promise<void> {
    this.#background(command.trim());
    const port = join(this.home, /--pty ~\/(\S+)/.exec(command)![1]!);
    for (const endMs = Date.now() + READY_MS; Date.now() < endMs; await sleep(50)) {
      if (existsSync(port)) return;
    }
    throw new Error(`the device of "${command.trim()}" made no port`);
  }

  /** Runs a sample that ends by itself never, until it has printed what is looked for. Throws with what it said instead. */
  async watch(code: string, pattern: RegExp): Promise<void> {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec ${code.trim()}`], {
      ...this.inHome(SHELL_MS_MAX),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    for await (const chunk of child.stdout) {
      printed += String(chunk);
      if (pattern.test(printed)) break;
    }
    child.kill();
    if (!pattern.test(printed)) throw new Error(`"${code.trim()}" printed only: ${printed}`);
  }

  /** Ends what runs, the last first, and removes the home directory. */
  async close(): Promise<void> {
    for (const child of this.#running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(this.home, { recursive: true, force: true });
  }

  /** Options for `execFile`. */
  inHome(timeout: number) {
    return {
      cwd: ROOT,
      timeout,
      env: { ...process.env, HOME: this.home, XDG_CONFIG_HOME: join(this.home, '.config') },
    };
  }

  /** Mosquitto's clients and curl read options from the user's home before their command line. */
  async #leadClients(status: string): Promise<void> {
    const folder = join(this.home, '.config');
    if (existsSync(join(folder, 'mosquitto_pub'))) return;
    const { agent } = JSON.parse(status) as AgentStatus;
    await mkdir(folder, { recursive: true });
    for (const client of ['mosquitto_pub', 'mosquitto_sub'])
      await writeFile(join(folder, client), `-p ${portOf(agent.mqtt.listening)}\n`);
    const to = `127.0.0.1:${portOf(agent.http)}`;
    await writeFile(join(this.home, '.curlrc'), `connect-to = "localhost:8420:${to}"\n`);
  }

  #background(command: string): ChildProcess {
    const child = spawn('bash', ['-c', `exec ${command}`], { ...this.inHome(0), stdio: 'ignore' });
    this.#running.push(child);
    return child;
  }
}

function portOf(listening: readonly string[]): string {
  return listening[0]!.split(':').at(-1)!;
}
