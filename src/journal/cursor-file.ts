import { Buffer } from 'node:buffer';
import { crc32c, decodeCbor, encodeCbor } from '../bytes/index.ts';
import { SedgeError } from '../errors/index.ts';
import type { Disk, DiskFile } from './disk.ts';
import { journalFailure, systemCodeOf } from './journal-failure.ts';
import { NEW_FILE_ENDING } from './whole-file.ts';

const MAGIC = Buffer.from('sedgecur');
/** Version of the format. */
export const CURSOR_FILE_VERSION = 1;
const HEADER_BYTES = 12;
const RECORD_HEADER_BYTES = 8;
/** Largest record, and most that is read at a start. */
const RECORD_BYTES_MAX = 16 * 1024 * 1024;
const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** Records that are written together. */
interface WaitingBatch {
  readonly bytes: Buffer[];
  sync: boolean;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * A file of CBOR values to which values are appended, each with length and CRC-32C, and which is replaced by a
 * shorter one now and then. Made for the state of durable subscriptions: small, often, durable.
 */
export class CursorFile {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #name: string;
  #file: DiskFile | null = null;
  #size = 0;
  #waiting: WaitingBatch | null = null;
  #work: Promise<void> = Promise.resolve();
  #closed = false;
  /** A failed write may have left bytes behind the end. */
  #tailUnclear = false;
  /** What lies before is durable; the rest up to the size a power cut may still take. */
  #syncedSize = 0;
  /** The file has its name, and a power cut may still give that to the one before. */
  #nameUnclear = false;

  constructor(disk: Disk, place: { readonly directory: string; readonly name: string }) {
    this.#disk = disk;
    this.#directory = place.directory;
    this.#name = place.name;
  }

  /** Bytes in the file: when to call {@link CursorFile.rewrite}. */
  get sizeBytes(): number {
    return this.#size;
  }

  /**
   * All values, oldest first, up to the first that is damaged: what follows is cut. Makes the file if it is
   * missing. Throws `journal.version`, `journal.disk-full` and `journal.io-failed`.
   */
  async load(): Promise<unknown[]> {
    try {
      await this.#disk.makeDirectory(this.#directory);
      await this.#disk.remove(this.#path + NEW_FILE_ENDING);
      const bytes = await this.#readAll();
      const read = bytes === null ? null : decodeRecords(bytes, this.#path);
      if (bytes === null || read === null) {
        await this.#replace([]);
        return [];
      }
      this.#file = await this.#disk.open(this.#path, { create: false });
      if (read.end < bytes.length) {
        await this.#file.truncate(read.end);
        await this.#file.sync();
      }
      this.#size = read.end;
      this.#syncedSize = read.end;
      return read.values;
    } catch (error) {
      throw journalFailure(error, this.#path);
    }
  }

  /**
   * Appends a value; resolves when it is durable. All that is appended while one batch is synced goes into the
   * next. With `sync: false` it resolves when the value would survive the end of this process; a power cut may take it
   * until something later is durable, and so does an fsync that fails. Throws `journal.disk-full`, `journal.io-failed` (the value is then not in the
   * file) and `journal.stopped`.
   */
  append(value: unknown, { sync = true }: { readonly sync?: boolean } = {}): Promise<void> {
    return this.#add(encodeRecord(value), sync);
  }

  /** Resolves when all that was appended is durable. Throws what {@link CursorFile.append} throws. */
  sync(): Promise<void> {
    return this.#add(null, true);
  }

  #add(record: Buffer | null, sync: boolean): Promise<void> {
    if (this.#closed) return Promise.reject(new SedgeError('journal.stopped'));
    if (this.#waiting === null) {
      const batch: WaitingBatch = { bytes: [], sync: false, done: Promise.withResolvers() };
      this.#waiting = batch;
      this.#enqueue(async () => {
        this.#waiting = null;
        await this.#write(Buffer.concat(batch.bytes), batch.sync);
      }).then(batch.done.resolve, batch.done.reject);
    }
    if (record !== null) this.#waiting.bytes.push(record);
    this.#waiting.sync ||= sync;
    return this.#waiting.done.promise;
  }

  /** Replaces all by `values`, in one step. What was appended before is in the file no longer. */
  rewrite(values: readonly unknown[]): Promise<void> {
    if (this.#closed) return Promise.reject(new SedgeError('journal.stopped'));
    return this.#enqueue(() => this.#replace(values));
  }

  /** Waits for what was appended and closes the file. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  get #path(): string {
    return `${this.#directory}/${this.#name}`;
  }

  #enqueue(task: () => Promise<void>): Promise<void> {
    const done = this.#work.then(task).catch((error: unknown) => {
      throw journalFailure(error, this.#path);
    });
    this.#work = done.catch(() => {});
    return done;
  }

  async #write(bytes: Buffer, sync: boolean): Promise<void> {
    if (this.#file === null) throw new SedgeError('journal.stopped');
    if (this.#nameUnclear) await this.#keepName();
    if (bytes.length > 0) {
      if (this.#tailUnclear) await this.#file.truncate(this.#size);
      this.#tailUnclear = true;
      await this.#file.write(bytes, this.#size);
    }
    const size = this.#size + bytes.length;
    if (sync && size > this.#syncedSize) await this.#syncTo(size);
    this.#tailUnclear = false;
    this.#size = size;
  }

  async #syncTo(size: number): Promise<void> {
    try {
      await this.#file!.sync();
      this.#syncedSize = size;
    } catch (error) {
      // The system may have dropped what it could not write, and nothing that is read lies behind damaged bytes.
      this.#size = this.#syncedSize;
      this.#tailUnclear = true;
      throw error;
    }
  }

  async #replace(values: readonly unknown[]): Promise<void> {
    const bytes = Buffer.concat([encodeHeader(), ...values.map(encodeRecord)]);
    const file = await this.#makeNew(bytes);
    const before = this.#file;
    // From here on the name means this file, even if that is not durable yet: no value may go into the other one.
    this.#file = file;
    this.#size = bytes.length;
    this.#tailUnclear = false;
    this.#syncedSize = bytes.length;
    this.#nameUnclear = true;
    await before?.close().catch(() => {});
    await this.#keepName();
  }

  /** A file of these bytes under the name. What could not be made leaves nothing behind that takes room. */
  async #makeNew(bytes: Buffer): Promise<DiskFile> {
    const path = this.#path + NEW_FILE_ENDING;
    const file = await this.#disk.open(path, { create: true });
    try {
      await file.truncate(0);
      await file.write(bytes, 0);
      await file.sync();
      await this.#disk.rename(path, this.#path);
      return file;
    } catch (error) {
      await file.close().catch(() => {});
      await this.#disk.remove(path).catch(() => {});
      throw error;
    }
  }

  async #keepName(): Promise<void> {
    await this.#disk.syncDirectory(this.#directory);
    this.#nameUnclear = false;
  }

  async #readAll(): Promise<Buffer | null> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(this.#path, { create: false });
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return null;
      throw error;
    }
    try {
      const bytes = Buffer.alloc(Math.min(await file.size(), FILE_BYTES_MAX));
      return bytes.subarray(0, await file.read(bytes, 0));
    } finally {
      await file.close();
    }
  }
}

function encodeHeader(): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt16BE(CURSOR_FILE_VERSION, 8);
  return header;
}

function encodeRecord(value: unknown): Buffer {
  const body = encodeCbor(value);
  const record = Buffer.alloc(RECORD_HEADER_BYTES + body.length);
  record.writeUInt32BE(body.length, 0);
  record.set(body, RECORD_HEADER_BYTES);
  record.writeUInt32BE(crc32c(body, crc32c(record.subarray(0, 4))), 4);
  return record;
}

/** Whole records from the start; `null` where there is no header. Throws `journal.version`. */
function decodeRecords(bytes: Buffer, file: string): { values: unknown[]; end: number } | null {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null;
  const version = bytes.readUInt16BE(8);
  if (version > CURSOR_FILE_VERSION) throw new SedgeError('journal.version', { file, version });
  const values: unknown[] = [];
  let at = HEADER_BYTES;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + RECORD_HEADER_BYTES + length;
    if (length > RECORD_BYTES_MAX || end > bytes.length) break;
    const body = bytes.subarray(at + RECORD_HEADER_BYTES, end);
    if (bytes.readUInt32BE(at + 4) !== crc32c(body, crc32c(bytes.subarray(at, at + 4)))) break;
    const value = decodeCbor(body);
    if (!value.ok) break;
    values.push(value.value);
    at = end;
  }
  return { values, end: at };
}
