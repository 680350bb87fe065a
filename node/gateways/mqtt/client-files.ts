import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../src/errors/index.ts';
import { writeWhole } from '../listening/write-whole.ts';

/** Version of the files. */
const VERSION = 1;
const ENDING = '.json';
const FILE_BYTES_MAX = 16 * 1024 * 1024;

/** Which files these are. */
export interface ClientFilesKind<T> {
  readonly directory: string;
  /** True for what a file may hold: it may be damaged or of another hand. */
  readonly isRecord: (value: unknown) => value is T;
  /** Logged where a file cannot be read. */
  readonly unreadable: string;
}

/** What is kept of clients on disk: a file each, named by a hash of the client id, replaced whole. */
export class ClientFiles<T extends { readonly clientId: string }> {
  readonly #kind: ClientFilesKind<T>;
  readonly #log: Log;
  /** Writes of one file follow each other. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(kind: ClientFilesKind<T>, log: Log) {
    this.#kind = kind;
    this.#log = log;
  }

  /** All records; a file that is none is left where it is, and a line says so. */
  async load(): Promise<T[]> {
    const { directory } = this.#kind;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const records: T[] = [];
    for (const name of await readdir(directory)) {
      if (!name.endsWith(ENDING)) continue;
      const record = await this.#read(name);
      if (record !== null) records.push(record);
    }
    return records;
  }

  /** Writes a record; durable when it resolves. Rejects with the disk's error. */
  save(record: T): Promise<void> {
    const text = `${JSON.stringify({ version: VERSION, ...record })}\n`;
    return this.#enqueue(record.clientId, (path) => writeWhole(path, text));
  }

  /** Removes a client's record. */
  remove(clientId: string): Promise<void> {
    return this.#enqueue(clientId, (path) => rm(path, { force: true }));
  }

  #enqueue(clientId: string, task: (path: string) => Promise<void>): Promise<void> {
    const name = createHash('sha256').update(clientId).digest('hex').slice(0, 32) + ENDING;
    const path = join(this.#kind.directory, name);
    const done = (this.#writing.get(name) ?? Promise.resolve()).catch(() => {}).then(() => task(path));
    this.#writing.set(name, done);
    const forget = () => {
      if (this.#writing.get(name) === done) this.#writing.delete(name);
    };
    done.then(forget, forget);
    return done;
  }

  async #read(name: string): Promise<T | null> {
    const { directory, isRecord, unreadable } = this.#kind;
    try {
      const bytes = await readFile(join(directory, name));
      const value: unknown = bytes.length > FILE_BYTES_MAX ? null : JSON.parse(bytes.toString('utf8'));
      const { version } = (value ?? {}) as { version?: unknown };
      if (version === VERSION && isRecord(value)) return value;
      this.#log.warn({ file: name }, unreadable);
    } catch (error) {
      this.#log.warn({ file: name, error: String(error) }, unreadable);
    }
    return null;
  }
}
