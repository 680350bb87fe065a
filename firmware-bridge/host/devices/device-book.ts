import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSedgeError, type Log, SedgeError } from '../../../src/errors/index.ts';
import type { DeviceId } from '../session/index.ts';
import { bookFailure, readPrivateFile, removeDrafts, removeFile, replacePrivateFile } from './device-file.ts';
import {
  checkDeviceName,
  type DeviceDraft,
  type DeviceRecord,
  decodeDeviceRecord,
  encodeDeviceRecord,
  newDeviceRecord,
} from './device-record.ts';

/** Devices that one book may hold. */
export const DEVICES_MAX = 1_024;
const FILE_ENDING = '.json';
/** How far the readings of all devices are settled, in one small file: it changes all the time. */
const MARKS_FILE = 'marks';

/** What a {@link DeviceBook} works with. */
export interface DeviceBookDependencies {
  readonly log: Log;
  readonly nowMs: () => number;
}

/** A change of a record; what identifies the device stays. */
export type DeviceChange = Partial<Omit<DeviceRecord, 'id' | 'key' | 'addedAtMs'>>;

/**
 * The devices that this node knows, with their keys: a file each under `<directory>/devices`, replaced in one step,
 * which only its owner can read. One process at a time may have it open.
 */
export class DeviceBook {
  readonly #directory: string;
  readonly #deps: DeviceBookDependencies;
  readonly #records = new Map<DeviceId, DeviceRecord>();
  readonly #damaged: { readonly file: string; readonly code: string }[] = [];
  readonly #unsaved = new Set<DeviceId>();
  readonly #writing = new Map<DeviceId, Promise<void>>();
  /** Readings settled since the marks were saved. */
  #settledSince = 0;
  #savingMarks: Promise<void> = Promise.resolve();

  private constructor(directory: string, deps: DeviceBookDependencies) {
    this.#directory = directory;
    this.#deps = deps;
  }

  /**
   * Opens the book of a node's directory, and makes it where there is none. A file that is damaged, open to others or
   * of a newer version is passed over and told ({@link damaged}); its device is unknown until that is mended. Throws
   * `device.book-failed`.
   */
  static async open(directory: string, deps: DeviceBookDependencies): Promise<DeviceBook> {
    const book = new DeviceBook(join(directory, 'devices'), deps);
    try {
      await mkdir(book.#directory, { recursive: true, mode: 0o700 });
      await removeDrafts(book.#directory);
      await book.#load();
      await book.#loadMarks();
    } catch (cause) {
      throw bookFailure(cause, book.#directory);
    }
    return book;
  }

  /** All devices, by name. */
  list(): DeviceRecord[] {
    return [...this.#records.values()].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** Files that could not be read. */
  get damaged(): readonly { readonly file: string; readonly code: string }[] {
    return this.#damaged;
  }

  get(id: DeviceId): DeviceRecord | null {
    return this.#records.get(id) ?? null;
  }

  /** The device of that id or name. Throws `device.unknown`. */
  find(idOrName: string): DeviceRecord {
    const found = this.#records.get(idOrName.toLowerCase() as DeviceId) ?? this.#named(idOrName);
    if (found === null) throw new SedgeError('device.unknown', { device: idOrName.slice(0, 64) });
    return found;
  }

  /**
   * Takes in a device; durable when it resolves. `epoch`: its next one is known to be that, or higher. Throws `device.bad-option`, `device.exists`, `device.too-many` and
   * `device.book-failed`.
   */
  async add(draft: DeviceDraft, { epoch = 0 } = {}): Promise<DeviceRecord> {
    const record = { ...newDeviceRecord(draft, this.#deps.nowMs()), epoch };
    if (this.#records.has(record.id)) throw new SedgeError('device.exists', { device: record.id });
    if (this.#named(record.name) !== null) throw new SedgeError('device.exists', { device: record.name });
    if (this.#records.size >= DEVICES_MAX) throw new SedgeError('device.too-many', { most: DEVICES_MAX });
    this.#records.set(record.id, record);
    try {
      await this.save(record.id);
    } catch (error) {
      this.#records.delete(record.id);
      throw error;
    }
    return record;
  }

  /** Forgets a device with its key; durable when it resolves. Throws `device.unknown` and `device.book-failed`. */
  async remove(idOrName: string): Promise<DeviceRecord> {
    const record = this.find(idOrName);
    this.#records.delete(record.id);
    this.#unsaved.delete(record.id);
    await this.#inTurn(record.id, () => removeFile(this.#directory, record.id + FILE_ENDING));
    return record;
  }

  /**
   * Changes what is known of a device, in memory: {@link save} or {@link saveAll} makes it durable. In peace where the
   * device was removed meanwhile. Throws `device.bad-option` and `device.exists` for a name.
   */
  change(id: DeviceId, change: DeviceChange): DeviceRecord | null {
    const record = this.#records.get(id);
    if (record === undefined) return null;
    if (change.name !== undefined && change.name !== record.name) {
      checkDeviceName(change.name, id);
      if (this.#named(change.name) !== null) throw new SedgeError('device.exists', { device: change.name });
    }
    const changed = { ...record, ...change };
    this.#records.set(id, changed);
    this.#unsaved.add(id);
    return changed;
  }

  /**
   * Notes that all readings of the device's epoch up to a counter are settled. Cheap: {@link saveMarks} makes it durable
   * for all devices at once, and what is lost in a crash before that is found in the mesh again.
   */
  settle(id: DeviceId, readingsDone: number): void {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.#settledSince += Math.max(0, readingsDone - record.readingsDone);
    this.#records.set(id, { ...record, readingsDone });
  }

  /** Readings settled since the marks were saved last. */
  get settledSince(): number {
    return this.#settledSince;
  }

  /** Makes what was settled durable, in one file. Failures are logged: the next call tries again. */
  saveMarks(): Promise<void> {
    this.#savingMarks = this.#savingMarks.then(() => this.#saveMarks());
    return this.#savingMarks;
  }

  /** Makes the device's record durable as it is now. Throws `device.book-failed`. */
  save(id: DeviceId): Promise<void> {
    this.#unsaved.add(id);
    return this.#inTurn(id, async () => {
      const record = this.#records.get(id);
      // What an earlier call in the line wrote has this change already.
      if (record === undefined || !this.#unsaved.delete(id)) return;
      try {
        await replacePrivateFile(this.#directory, id + FILE_ENDING, encodeDeviceRecord(record));
      } catch (error) {
        this.#unsaved.add(id);
        throw error;
      }
    });
  }

  /** Makes all that changed durable, one after the other. Failures are logged: the next call tries again. */
  async saveAll(): Promise<void> {
    for (const id of [...this.#unsaved]) {
      await this.save(id).catch((error: unknown) =>
        this.#deps.log.error({ device: id, error: String(error) }, 'the device book cannot be written'),
      );
    }
    await Promise.allSettled(this.#writing.values());
    await this.saveMarks();
  }

  async #saveMarks(): Promise<void> {
    const since = this.#settledSince;
    if (since === 0) return;
    const marks = [...this.#records.values()]
      .filter(({ readingsDone }) => readingsDone > 0)
      .map(({ id, life, epoch, readingsDone }) => [id, life, epoch, readingsDone]);
    try {
      await replacePrivateFile(
        this.#directory,
        MARKS_FILE,
        JSON.stringify({ version: MARKS_VERSION, marks }),
      );
      this.#settledSince -= since;
    } catch (error) {
      this.#deps.log.error({ error: String(error) }, 'the marks of the device book cannot be written');
    }
  }

  /** A mark counts for the epoch that its record has, and only forward; a damaged file means that none does. */
  async #loadMarks(): Promise<void> {
    for (const [id, life, epoch, readingsDone] of await readMarks(join(this.#directory, MARKS_FILE))) {
      const record = this.#records.get(id);
      if (record === undefined || record.life !== life || record.epoch !== epoch) continue;
      if (readingsDone > record.readingsDone) this.#records.set(id, { ...record, readingsDone });
    }
  }

  async #load(): Promise<void> {
    const files = (await readdir(this.#directory)).filter((name) => name.endsWith(FILE_ENDING)).sort();
    for (const file of files.slice(0, DEVICES_MAX)) {
      const code = await this.#loadFile(file);
      if (code === null) continue;
      this.#damaged.push({ file, code });
      this.#deps.log.error({ file, code }, 'a file of the device book was passed over');
    }
  }

  /** Why the file was passed over; `null` if it was not. */
  async #loadFile(file: string): Promise<string | null> {
    try {
      const record = decodeDeviceRecord(await readPrivateFile(join(this.#directory, file)));
      const fits =
        record !== null && `${record.id}${FILE_ENDING}` === file && this.#named(record.name) === null;
      if (!fits) return 'device.book-damaged';
      this.#records.set(record.id, record);
      return null;
    } catch (error) {
      if (isSedgeError(error)) return error.code;
      throw error;
    }
  }

  #named(name: string): DeviceRecord | null {
    for (const record of this.#records.values()) if (record.name === name) return record;
    return null;
  }

  /** One write of a device at a time: a later one must not be overtaken by an earlier one. */
  #inTurn(id: DeviceId, write: () => Promise<void>): Promise<void> {
    const before = this.#writing.get(id) ?? Promise.resolve();
    const writing = before.catch(() => {}).then(write);
    this.#writing.set(id, writing);
    const forget = () => {
      if (this.#writing.get(id) === writing) this.#writing.delete(id);
    };
    writing.then(forget, forget);
    return writing;
  }
}

const MARKS_VERSION = 1;

type Mark = readonly [id: DeviceId, life: number, epoch: number, readingsDone: number];

async function readMarks(path: string): Promise<Mark[]> {
  try {
    const { version, marks } = JSON.parse(await readPrivateFile(path)) as Record<string, unknown>;
    if (version !== MARKS_VERSION || !Array.isArray(marks)) return [];
    return marks.slice(0, DEVICES_MAX).filter(isMark);
  } catch {
    return [];
  }
}

function isMark(item: unknown): item is Mark {
  if (!Array.isArray(item) || typeof item[0] !== 'string') return false;
  return item.length === 4 && item.slice(1).every((part) => Number.isSafeInteger(part) && part >= 0);
}
