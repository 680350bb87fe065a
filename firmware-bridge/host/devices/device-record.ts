import { Buffer } from 'node:buffer';
import { checkTopic, SedgeError, TopicFilter } from '../../../src/index.ts';
import type { DeviceCommand, DeviceId, DeviceTopic } from '../session/index.ts';
import { DEVICES_TOPIC, isBridgeTopic } from './bridge-topic.ts';

/** A command that waits for its device or its result; kept, so that a restart neither loses nor repeats it. */
export interface KeptCommand extends DeviceCommand {
  /** By the wall clock, which is the only one that goes on while the agent is down; `null` for no deadline. */
  readonly expiresAtWallMs: number | null;
  /** The message that asked for it. */
  readonly request: { readonly author: string; readonly epoch: string; readonly seq: number };
  /** Header `request-id` of that message. */
  readonly requestId: string | null;
}

/** Ports by their stable names, where a device was seen last. */
export interface LastPort {
  readonly path: string;
  readonly byId: string | null;
  readonly byPath: string | null;
}

/** All that is kept of a device. Holds its key: never to be logged or shown. */
export interface DeviceRecord {
  readonly id: DeviceId;
  /** Unique in the book, 1 to 64 of a-z, A-Z, 0-9, `-`, `_`, `.`; part of the device's topics. */
  readonly name: string;
  /** 16 bytes. */
  readonly key: Uint8Array;
  readonly addedAtMs: number;
  /** Put before the topics of its readings. */
  readonly prefix: string | null;
  /** Filters that the topics of its readings must match; `null` for all. */
  readonly topicFilters: readonly string[] | null;
  /** Ed25519 public key, 32 bytes: readings that it did not sign are refused. */
  readonly signingKey: Uint8Array | null;
  /** Highest epoch heard; 0 before the first. */
  readonly epoch: number;
  /** All readings of `epoch` up to this counter are in the mesh or reported as lost there. May lag behind. */
  readonly readingsDone: number;
  /** How often a lower epoch was accepted: its readings are told apart from those of before by it. */
  readonly life: number;
  readonly topicsCrc: number | null;
  readonly topics: readonly DeviceTopic[];
  /** Where its clock stood, to tell how often it has wrapped. */
  readonly uptime: { readonly uptimeMs: number; readonly utcMs: number } | null;
  readonly firmware: number | null;
  readonly lastPort: LastPort | null;
  readonly lastHeardAtMs: number | null;
  /** The mesh was told that it is there, and not yet that it is gone. */
  readonly announced: boolean;
  /** Highest number given to a command. */
  readonly lastCommandId: number;
  readonly commands: readonly KeptCommand[];
}

/** What a person says of a device. */
export interface DeviceDraft {
  readonly id: string;
  readonly name?: string;
  readonly key: Uint8Array;
  readonly signingKey?: Uint8Array;
  readonly prefix?: string;
  readonly topics?: readonly string[];
}

/** Bytes of a device's key. */
export const DEVICE_KEY_BYTES = 16;
const DEVICE_ID = /^[0-9a-f]{16}$/;
const DEVICE_NAME = /^[A-Za-z0-9._-]{1,64}$/;
const FILTERS_MAX = 32;
/** Readings below the bridge's own topics would be refused one by one. */
const PREFIX_RULE = `a topic without wildcards and $, not ${DEVICES_TOPIC} and nothing below it`;
/** Commands that may wait in the book for one device. */
export const KEPT_COMMANDS_MAX = 32;

/** A record of a device that was never heard. Throws `device.bad-option`. */
export function newDeviceRecord(draft: DeviceDraft, nowMs: number): DeviceRecord {
  const { key, signingKey = null, prefix = null, topics = null } = draft;
  const id = deviceIdOf(draft.id);
  const name = draft.name ?? id;
  checkDeviceName(name, id);
  if (key.length !== DEVICE_KEY_BYTES) throw badOption('key', '16 bytes');
  if (signingKey !== null && signingKey.length !== 32) throw badOption('signingKey', '32 bytes');
  if (prefix !== null && !isPrefix(prefix)) throw badOption('prefix', PREFIX_RULE);
  if (topics !== null && !areFilters(topics)) throw badOption('topics', `1 to ${FILTERS_MAX} topic filters`);
  return {
    id,
    name,
    key: key.slice(),
    addedAtMs: nowMs,
    prefix,
    topicFilters: topics,
    signingKey: signingKey?.slice() ?? null,
    epoch: 0,
    readingsDone: 0,
    life: 0,
    topicsCrc: null,
    topics: [],
    uptime: null,
    firmware: null,
    lastPort: null,
    lastHeardAtMs: null,
    announced: false,
    lastCommandId: 0,
    commands: [],
  };
}

/** Reads an id of 16 hexadecimal digits. Throws `device.bad-option`. */
export function deviceIdOf(text: string): DeviceId {
  const id = text.toLowerCase();
  if (!DEVICE_ID.test(id)) throw badOption('id', '16 hexadecimal digits');
  return id as DeviceId;
}

/** Throws `device.bad-option` where the text can be no device's name, or looks like the id of another. */
export function checkDeviceName(name: string, id: DeviceId): void {
  const allowed = DEVICE_NAME.test(name) && name !== '.' && name !== '..';
  if (!allowed || (DEVICE_ID.test(name.toLowerCase()) && name !== id)) {
    throw badOption('name', '1 to 64 of a-z, A-Z, 0-9, -, _ and ., and not the id of another device');
  }
}

function isPrefix(prefix: string): boolean {
  return checkTopic(prefix).ok && !prefix.endsWith('/') && !isBridgeTopic(prefix);
}

function areFilters(filters: readonly string[]): boolean {
  const allowed = filters.length > 0 && filters.length <= FILTERS_MAX;
  return allowed && filters.every((filter) => TopicFilter.parse(filter).ok && !filter.startsWith('$'));
}

function badOption(option: string, bounds: string): SedgeError {
  return new SedgeError('device.bad-option', { option, bounds });
}

/** Version of the files of the book. */
export const RECORD_VERSION = 1;

/** The record as the text of its file. */
export function encodeDeviceRecord(record: DeviceRecord): string {
  const { key, signingKey, commands, ...plain } = record;
  const json = {
    version: RECORD_VERSION,
    ...plain,
    key: Buffer.from(key).toString('base64'),
    signingKey: signingKey === null ? null : Buffer.from(signingKey).toString('base64'),
    commands: commands.map((command) => ({ ...command, args: Buffer.from(command.args).toString('base64') })),
  };
  return `${JSON.stringify(json, null, 1)}\n`;
}

/**
 * Reads what {@link encodeDeviceRecord} wrote, or what a person changed by hand; `null` if it is damaged. Throws
 * `device.book-version` for a file of a newer version.
 */
export function decodeDeviceRecord(text: string): DeviceRecord | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof json !== 'object' || json === null) return null;
  const fields = json as Record<string, unknown>;
  const { version } = fields;
  if (Number.isInteger(version) && (version as number) > RECORD_VERSION) {
    throw new SedgeError('device.book-version', { version: version as number });
  }
  try {
    return recordOf(fields);
  } catch {
    return null;
  }
}

/** Throws anything where a field is not what it has to be. */
function recordOf(fields: Record<string, unknown>): DeviceRecord {
  const { id, name, key, signingKey, prefix, topicFilters } = fields;
  const draft = newDeviceRecord(
    {
      id: textIn(id),
      name: textIn(name),
      key: bytesIn(key),
      ...(signingKey == null ? {} : { signingKey: bytesIn(signingKey) }),
      ...(prefix == null ? {} : { prefix: textIn(prefix) }),
      ...(topicFilters == null ? {} : { topics: listIn(topicFilters, FILTERS_MAX).map(textIn) }),
    },
    numberIn(fields.addedAtMs),
  );
  const { uptime, lastPort } = fields as { uptime?: Fields | null; lastPort?: Fields | null };
  return {
    ...draft,
    epoch: numberIn(fields.epoch ?? 0),
    readingsDone: numberIn(fields.readingsDone ?? 0),
    life: numberIn(fields.life ?? 0),
    topicsCrc: optional(fields.topicsCrc, numberIn),
    topics: listIn(fields.topics ?? [], 255).map(topicIn),
    uptime: uptime ? { uptimeMs: numberIn(uptime.uptimeMs), utcMs: numberIn(uptime.utcMs) } : null,
    firmware: optional(fields.firmware, numberIn),
    lastPort: lastPort
      ? {
          path: textIn(lastPort.path),
          byId: optional(lastPort.byId, textIn),
          byPath: optional(lastPort.byPath, textIn),
        }
      : null,
    lastHeardAtMs: optional(fields.lastHeardAtMs, numberIn),
    announced: fields.announced === true,
    lastCommandId: numberIn(fields.lastCommandId ?? 0),
    commands: listIn(fields.commands ?? [], KEPT_COMMANDS_MAX).map(commandIn),
  };
}

type Fields = Record<string, unknown>;

function topicIn(item: unknown): DeviceTopic {
  const { id, kind, name, type, unit } = item as Fields;
  if (kind !== 'reading' && kind !== 'command') throw new Error('no kind');
  return { id: numberIn(id), kind, name: textIn(name), type: textIn(type), unit: textIn(unit) };
}

function commandIn(item: unknown): KeptCommand {
  const fields = item as Fields;
  const request = fields.request as Fields;
  return {
    id: numberIn(fields.id),
    name: textIn(fields.name),
    args: bytesIn(fields.args),
    expiresAtMs: null,
    sentInEpoch: optional(fields.sentInEpoch, numberIn),
    expiresAtWallMs: optional(fields.expiresAtWallMs, numberIn),
    request: { author: textIn(request.author), epoch: textIn(request.epoch), seq: numberIn(request.seq) },
    requestId: optional(fields.requestId, textIn),
  };
}

function optional<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value == null ? null : read(value);
}

function textIn(value: unknown): string {
  if (typeof value !== 'string') throw new Error('no text');
  return value;
}

function numberIn(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error('no number');
  return value as number;
}

function listIn(value: unknown, lengthMax: number): unknown[] {
  if (!Array.isArray(value) || value.length > lengthMax) throw new Error('no list');
  return value;
}

function bytesIn(value: unknown): Uint8Array {
  return Uint8Array.from(Buffer.from(textIn(value), 'base64'));
}
