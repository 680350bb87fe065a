import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Log } from '../../../../src/errors/index.ts';
import { REASON, type ReasonCode } from '../packet/reason-code.ts';
import { hashPassword, isPassword } from './password.ts';
import { Permissions } from './permissions.ts';
import { checkUserName, type MqttUser, type MqttUsers, readUsers, userFilePath } from './user-file.ts';

/** What a client says of itself. */
export interface Credentials {
  readonly username: string | undefined;
  readonly password: Uint8Array | undefined;
}

/** Options of {@link UserBook}; see `MqttOptions`. */
export interface UserBookOptions {
  readonly anonymous: boolean;
  readonly local: boolean;
}

/** Who a client is found to be, or why it is not let in. */
export type SignedIn =
  | { readonly ok: true; readonly user: string | null }
  | { readonly ok: false; readonly reason: ReasonCode };

/** Passwords that are checked at once, and that may wait for that. */
const CHECKS_MAX = 2;
const WAITING_MAX = 256;

/** The users of a node as their file has them, read again whenever it changes. */
export class UserBook {
  readonly #directory: string;
  readonly #options: UserBookOptions;
  readonly #log: Log;
  /** `null`: the file is damaged, and nobody is let in. */
  #users: MqttUsers | null = new Map();
  #readAs = '';
  #checking = 0;
  readonly #waiting: (() => void)[] = [];
  /** Checked for names that nobody has, so that they cannot be told by the time it takes. */
  readonly #decoy = hashPassword(randomBytes(16));

  constructor(directory: string, options: UserBookOptions, log: Log) {
    this.#directory = directory;
    this.#options = options;
    this.#log = log;
  }

  /** Reads the file if it changed. `true` if it had. */
  async refresh(): Promise<boolean> {
    const readAs = await this.#version();
    if (readAs === this.#readAs) return false;
    this.#readAs = readAs;
    try {
      this.#users = await readUsers(this.#directory);
    } catch (error) {
      this.#users = null;
      this.#log.error({ error: String(error) }, 'the users of MQTT cannot be read, so no client is let in');
    }
    return true;
  }

  /** Finds out who a client is. */
  async signIn({ username, password }: Credentials): Promise<SignedIn> {
    await this.refresh();
    const users = this.#users;
    if (users === null) return { ok: false, reason: REASON.serverUnavailable };
    if (username === undefined || username === '')
      return this.#isOpen(users) ? { ok: true, user: null } : { ok: false, reason: REASON.notAuthorized };
    // Where there are no users a name is a name: anybody may come in without one too.
    if (users.size === 0 && this.#isOpen(users)) return { ok: true, user: username };
    if (this.#waiting.length >= WAITING_MAX) return { ok: false, reason: REASON.serverBusy };
    const user = users.get(username);
    const kept = user?.password ?? (await this.#decoy);
    const right = await this.#check(() => isPassword(password ?? new Uint8Array(0), kept));
    return right && user !== undefined
      ? { ok: true, user: username }
      : { ok: false, reason: REASON.badCredentials };
  }

  /** The same for one whose certificate says who it is: where there are users it must be one of them. */
  async signInByCertificate(name: string | null): Promise<SignedIn> {
    await this.refresh();
    const users = this.#users;
    if (users === null) return { ok: false, reason: REASON.serverUnavailable };
    const isKnown = name !== null && checkUserName(name) && (users.size === 0 || users.has(name));
    return isKnown ? { ok: true, user: name } : { ok: false, reason: REASON.notAuthorized };
  }

  /** What a client may do; `null` if its user is gone. `vouched`: its certificate says who it is. */
  permissionsOf(user: string | null, clientId: string, vouched = false): Permissions | null {
    const users = this.#users;
    if (users === null) return null;
    if (vouched && users.size === 0) return Permissions.ALL;
    if (user === null || users.size === 0) return this.#isOpen(users) ? Permissions.ALL : null;
    const known: MqttUser | undefined = users.get(user);
    return known === undefined ? null : Permissions.of(known, { user, clientId });
  }

  /** Whether clients that nobody vouches for may come in. */
  #isOpen(users: MqttUsers): boolean {
    const { anonymous, local } = this.#options;
    return anonymous || (local && users.size === 0);
  }

  async #check<T>(work: () => Promise<T>): Promise<T> {
    if (this.#checking >= CHECKS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#checking++;
    try {
      return await work();
    } finally {
      this.#checking--;
      this.#waiting.shift()?.();
    }
  }

  async #version(): Promise<string> {
    try {
      const { ino, size, mtimeMs } = await stat(userFilePath(this.#directory));
      return `${ino} ${size} ${mtimeMs}`;
    } catch (error) {
      return (error as { code?: unknown }).code === 'ENOENT' ? '' : String(error);
    }
  }
}
