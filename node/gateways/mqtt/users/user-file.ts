import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SedgeError } from '../../../../src/errors/index.ts';
import { writeWhole } from '../../listening/write-whole.ts';
import { CLIENT_NAME_BYTES_MAX } from '../mqtt-options.ts';
import { isPasswordHash, type PasswordHash } from './password.ts';
import type { PermissionPatterns } from './permissions.ts';

/** A user as the file has it. */
export interface MqttUser extends PermissionPatterns {
  readonly password: PasswordHash;
}

/** All users, by name. */
export type MqttUsers = ReadonlyMap<string, MqttUser>;

const VERSION = 1;

/** Where the users of a node are kept. */
export function userFilePath(directory: string): string {
  return join(directory, 'mqtt', 'users.json');
}

/** True for a name that a user may have. */
export function checkUserName(name: string): boolean {
  return /^\P{Cc}+$/u.test(name) && name.isWellFormed() && Buffer.byteLength(name) <= CLIENT_NAME_BYTES_MAX;
}

/** Reads the users; none if there is no file. Throws `mqtt.users-damaged`. */
export async function readUsers(directory: string): Promise<MqttUsers> {
  const path = userFilePath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return new Map();
    throw damaged(path, error);
  }
  try {
    const { version, users } = JSON.parse(text) as { version: unknown; users: Record<string, unknown> };
    const entries = Object.entries(users);
    if (version === VERSION && entries.every((entry): entry is [string, MqttUser] => isUser(entry[1])))
      return new Map(entries);
  } catch (error) {
    throw damaged(path, error);
  }
  throw damaged(path);
}

/** Replaces the users, whole; on disk when it resolves. */
export function writeUsers(directory: string, users: MqttUsers): Promise<void> {
  const sorted = Object.fromEntries([...users].sort(([a], [b]) => (a < b ? -1 : 1)));
  return writeWhole(
    userFilePath(directory),
    `${JSON.stringify({ version: VERSION, users: sorted }, null, 2)}\n`,
  );
}

function isUser(value: unknown): value is MqttUser {
  if (typeof value !== 'object' || value === null) return false;
  const { password, publish, subscribe } = value as Record<keyof MqttUser, unknown>;
  return isPasswordHash(password) && isTexts(publish) && isTexts(subscribe);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function damaged(file: string, cause?: unknown): SedgeError {
  return new SedgeError('mqtt.users-damaged', { file }, { cause });
}
