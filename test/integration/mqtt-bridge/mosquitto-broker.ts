import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { MOSQUITTO } from '../../firmware/toolchain.ts';

/** A real broker that keeps its port and what it was given over restarts. */
export class MosquittoBroker {
  readonly port: number;
  readonly #directory: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, directory: string) {
    this.port = port;
    this.#directory = directory;
  }

  /** `lines` are further lines of its configuration. */
  static async start(...lines: readonly string[]): Promise<MosquittoBroker> {
    const directory = await mkdtemp(join(tmpdir(), 'sedge-mosquitto-'));
    const broker = new MosquittoBroker(await freePort(), directory);
    const config = [
      // No other user: the directory is this one's.
      `user ${process.getuid?.() === 0 ? 'root' : ''}`,
      'persistence true',
      `persistence_location ${directory}/`,
      'max_queued_messages 0',
      ...(lines.some((line) => line.startsWith('listener')) ? [] : [`listener ${broker.port} 127.0.0.1`]),
      ...(lines.some((line) => line.startsWith('password_file')) ? [] : ['allow_anonymous true']),
      ...lines,
    ];
    await writeFile(
      join(directory, 'mosquitto.conf'),
      `${config.join('\n').replace('PORT', String(broker.port))}\n`,
    );
    await broker.resume();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Starts it again. */
  async resume(): Promise<void> {
    const child = spawn(MOSQUITTO, ['-c', join(this.#directory, 'mosquitto.conf')], { stdio: 'pipe' });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += String(chunk);
    });
    this.#child = child;
    await vi.waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`mosquitto ended: ${errors}`);
        const socket = connect(this.port, '127.0.0.1');
        await once(socket, 'connect').finally(() => socket.destroy());
      },
      { timeout: 10_000, interval: 50 },
    );
  }

  /** Ends it. It keeps what it has on SIGTERM alone; nothing of it that is on disk is lost. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  async cleanUp(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A port that nobody has; kept over restarts of the broker, which cannot take any and tell. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
