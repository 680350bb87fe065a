import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** A first start on a slow machine takes seconds; one that takes longer has failed. */
const READY_MS_MAX = 30_000;
/** An agent that is asked to stop has this long before it is killed. */
const STOP_MS_MAX = 10_000;
/** Of what an agent logs, this much is kept for a failure's report. */
const LOG_CHARACTERS_MAX = 4_000;

/** How to start an agent. */
export interface AgentStart {
  readonly directory: string;
  /** Multiaddrs of the only peers. */
  readonly peers: readonly string[];
  /** Serial ports, as for `--serial`. */
  readonly serial?: readonly string[];
  /** Where it is an MQTT broker, as for `--mqtt`. */
  readonly mqtt?: string;
  /** Bridges to outside brokers, as for `--bridges`. */
  readonly bridges?: string;
  /** Where it serves HTTP, as for `--http`. */
  readonly http?: string;
  /** Another start script than that of these sources. */
  readonly main?: string;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The first line that `sedge start --json` prints. */
interface ReadyLine {
  readonly event: 'ready';
  readonly node: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly mqtt?: readonly string[];
  readonly http?: readonly string[];
}

/** `sedge start` as a process of its own: on loopback, with given peers alone. */
export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #readyLine: Promise<ReadyLine>;
  #ready: ReadyLine | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#readyLine = readyLine(child);
    // Whoever waits for `ready` sees the failure; one who never does is stopping everything anyway.
    this.#readyLine.catch(() => {});
  }

  /** Starts the process; it can be killed from here on. */
  static spawn(start: AgentStart): AgentProcess {
    const peers = start.peers.flatMap((peer) => ['--peer', peer]);
    const serial = (start.serial ?? []).flatMap((port) => ['--serial', port]);
    const mqtt = ['--mqtt', start.mqtt ?? 'off'];
    const bridges = start.bridges === undefined ? [] : ['--bridges', start.bridges];
    const http = ['--http', start.http ?? 'off'];
    const loopback = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-discovery'];
    const child = spawn(
      process.execPath,
      [
        start.main ?? MAIN,
        '--dir',
        start.directory,
        '--json',
        'start',
        ...loopback,
        ...peers,
        ...serial,
        ...mqtt,
        ...bridges,
        ...http,
      ],
      // In a process group of its own, so that Ctrl-C reaches it only through the one who started it.
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...start.env } },
    );
    return new AgentProcess(child);
  }

  /** Resolves when the agent is ready. Throws an `Error` with its last log lines if it will not be. */
  async ready(): Promise<void> {
    this.#ready = await this.#readyLine;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Id of the node; the empty text before it is ready. */
  get node(): string {
    return this.#ready?.node ?? '';
  }

  /** First multiaddr that it listens on. Throws before it is ready. */
  get address(): string {
    const address = this.#ready?.addresses[0];
    if (address === undefined) throw new Error('The agent listens nowhere.');
    return address;
  }

  /** Port that its MQTT clients connect to; 0 before it is ready, or where there is none. */
  get mqttPort(): number {
    return Number(this.#ready?.mqtt?.[0]?.split(':').at(-1) ?? 0);
  }

  /** URL of its HTTP API; the empty text before it is ready, or where there is none. */
  get httpUrl(): string {
    return this.#ready?.http?.[0] ?? '';
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Asks it to stop and resolves when it has; kills it if it takes too long. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS_MAX);
    await gone;
    clearTimeout(timer);
  }
}

/** The ready line of an agent that starts; both of its outputs are read to their end, or it would stall. */
function readyLine(child: ChildProcess): Promise<ReadyLine> {
  let logged = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    logged = (logged + chunk.toString()).slice(-LOG_CHARACTERS_MAX);
  });
  return new Promise<ReadyLine>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The agent did not start: ${why}.\n${logged.trimEnd()}`));
    const timer = setTimeout(() => fail(`not ready after ${READY_MS_MAX} ms`), READY_MS_MAX);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`it ended with ${signal ?? `exit code ${code}`}`);
    });
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.startsWith('{"event":"ready"')) return;
      clearTimeout(timer);
      resolve(JSON.parse(line) as ReadyLine);
    });
  });
}
