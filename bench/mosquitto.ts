import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BENCH_TOPIC } from './child/endpoint.ts';
import { DeliveryLedger, type DeliveryReport } from './delivery-ledger.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { readStamp, stampPayload } from './stamped-payload.ts';

const PAYLOAD_BYTES = 64;
const LINE_BYTES = PAYLOAD_BYTES + 1;
const LOOK_MS = 20;
const READY_MS_MAX = 10_000;
const RECEIVE_MS_MAX = 60_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 200;
/** Lines written at once. */
const LINES = 500;
/** As much in flight as the gateway allows, and nothing thrown away. */
const CONFIGURATION = 'allow_anonymous true\nmax_inflight_messages 1024\nmax_queued_messages 0\n';

/** Whether a program of Mosquitto is on this machine. Debian has the broker where not everybody looks. */
export function hasMosquitto(program: 'mosquitto' | 'mosquitto_sub'): boolean {
  return spawnSync(program, ['--help'], { env: ENVIRONMENT }).error === undefined;
}

const ENVIRONMENT = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** The broker Mosquitto, in memory as by default: what the gateway is compared with. */
export class MosquittoBroker {
  readonly #process: ChildProcess;
  readonly port: number;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  static async start(directory: string): Promise<MosquittoBroker> {
    const port = await freePort();
    const file = join(directory, 'mosquitto.conf');
    await writeFile(file, `listener ${port} 127.0.0.1\n${CONFIGURATION}`);
    const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore', detached: true, env: ENVIRONMENT });
    const broker = new MosquittoBroker(child, port);
    await until(() => listens(port));
    return broker;
  }

  async kill(): Promise<void> {
    await killed(this.#process);
  }
}

/** mosquitto_pub and mosquitto_sub: clients in C, with version 5 and QoS 1. */
export class MosquittoPair {
  readonly #publisher: ChildProcess;
  readonly #subscriber: ChildProcess;
  #ledger: DeliveryLedger | null = null;
  #phase = 0;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(ports: { readonly publish: number; readonly subscribe: number }) {
    const common = ['-V', 'mqttv5', '-h', '127.0.0.1', '-q', '1', '-t', BENCH_TOPIC];
    const start = (program: string, port: number, stdio: ['pipe' | 'ignore', 'pipe' | 'ignore', 'ignore']) =>
      spawn(
        program,
        [...common, '-p', String(port), ...(program === 'mosquitto_pub' ? ['-l', '-M', '1024'] : [])],
        {
          stdio,
          detached: true,
        },
      );
    this.#subscriber = start('mosquitto_sub', ports.subscribe, ['ignore', 'pipe', 'ignore']);
    this.#publisher = start('mosquitto_pub', ports.publish, ['pipe', 'ignore', 'ignore']);
    this.#publisher.stdin!.on('error', () => {});
    this.#subscriber.stdout!.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Resolves when the subscriber gets what the publisher sends. */
  async connect(): Promise<void> {
    await until(async () => {
      await this.#send(1);
      return this.#ledger!.isComplete;
    });
  }

  /** Sends a phase as fast as it is taken. */
  async play(count: number): Promise<DeliveryReport & { readonly firstMs: number }> {
    const firstMs = monotonicMs();
    await this.#send(count);
    const endMs = monotonicMs() + RECEIVE_MS_MAX;
    while (!this.#ledger!.isComplete && monotonicMs() < endMs) await sleep(LOOK_MS);
    await sleep(SETTLE_MS);
    return { ...this.#ledger!.report(), firstMs };
  }

  async kill(): Promise<void> {
    await Promise.all([killed(this.#publisher), killed(this.#subscriber)]);
  }

  async #send(count: number): Promise<void> {
    const phase = ++this.#phase;
    this.#ledger = new DeliveryLedger(count);
    const input = this.#publisher.stdin!;
    for (let first = 0; first < count; first += LINES) {
      const lines: Uint8Array[] = [];
      for (let index = first; index < Math.min(count, first + LINES); index++)
        lines.push(stampPayload(PAYLOAD_BYTES, { sentMs: monotonicMs(), phase, index }), NEWLINE);
      if (!input.write(Buffer.concat(lines))) await once(input, 'drain');
    }
    if (count === 1) await sleep(LOOK_MS);
  }

  #take(chunk: Buffer): void {
    const nowMs = monotonicMs();
    const bytes: Buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + LINE_BYTES <= bytes.length; at += LINE_BYTES) {
      const stamp = readStamp(bytes.subarray(at, at + PAYLOAD_BYTES));
      if (stamp?.phase === this.#phase) this.#ledger?.record(stamp.index, stamp.sentMs, nowMs);
    }
    this.#rest = bytes.subarray(at);
  }
}

const NEWLINE = Buffer.from('\n');

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = monotonicMs() + READY_MS_MAX;
  while (!(await holds())) {
    if (monotonicMs() > endMs) throw new Error(`Mosquitto was not ready after ${READY_MS_MAX} ms.`);
    await sleep(LOOK_MS);
  }
}

/** Mosquitto cannot be asked which port it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
