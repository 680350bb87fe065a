import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../../src/errors/index.ts';
import { writeWhole } from '../../listening/write-whole.ts';
import { isSessionRecord, type SessionRecord } from './session-record.ts';

/** Version of the files. */
const VERSION = 1;
const ENDING = '.json';
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Sessions on disk: a file each, replaced whole. What they subscribe to and how far their flows are, never a message. */
export class SessionStore {
  readonly #directory: string;
  readonly #log: Log;
  /** Writes of one session follow each other. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(directory: string, log: Log) {
    this.#directory = directory;
    this.#log = log;
  }

  /** All sessions; a file that is none is left where it is, and a line says so. */
  async load(): Promise<SessionRecord[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const records: SessionRecord[] = [];
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith(ENDING)) continue;
      const record = await this.#read(name);
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** Writes a session; durable when it resolves. Rejects with the disk's error. */
  save(record: SessionRecord): Promise<void> {
    return this.#enqueue(record.clientId, (name) => this.#write(name, record));
  }

  /** Removes a session. */
  remove(clientId: string): Promise<void> {
    return this.#enqueue(clientId, (name) => rm(join(this.#directory, name), { force: true }));
  }

  #enqueue(clientId: string, task: (name: string) => Promise<void>): Promise<void> {
    const name = createHash('sha256').update(clientId).digest('hex').slice(0, 32) + ENDING;
    const done = (this.#writing.get(name) ?? Promise.resolve()).catch(() => {}).then(() => task(name));
    this.#writing.set(name, done);
    const forget = () => {
      if (this.#writing.get(name) === done) this.#writing.delete(name);
    };
    done.then(forget, forget);
    return done;
  }

  #write(name: string, record: SessionRecord): Promise<void> {
    return writeWhole(join(this.#directory, name), `${JSON.stringify({ version: VERSION, ...record })}\n`);
  }

  async #read(name: string): Promise<SessionRecord | null> {
    try {
      const bytes = await readFile(join(this.#directory, name));
      const value: unknown = bytes.length > FILE_BYTES_MAX ? null : JSON.parse(bytes.toString('utf8'));
      const { version } = (value ?? {}) as { version?: unknown };
      if (version === VERSION && isSessionRecord(value)) return value;
      this.#log.warn({ file: name }, 'an MQTT session cannot be read and begins anew');
    } catch (error) {
      this.#log.warn({ file: name, error: String(error) }, 'an MQTT session cannot be read and begins anew');
    }
    return null;
  }
}
