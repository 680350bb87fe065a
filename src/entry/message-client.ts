import { toUtf8 } from '../bytes/index.ts';

/** A client of a gateway that published a message. The entry's author passes on what it was told, and vouches for that. */
export interface MessageClient {
  /** Name that the client gave, 1 to 1,024 bytes. */
  readonly id: string;
  /** User that it signed in as, 1 to 1,024 bytes. */
  readonly user?: string;
  /** Quality of service of MQTT that it published with. Messages without it are delivered with what a subscriber asks for. */
  readonly qos?: 0 | 1 | 2;
  /** Keys that this version does not know, kept as they came. */
  readonly extra?: ReadonlyMap<number, unknown>;
}

/** Keys of the client's map (README.md). */
const ID = 1;
const USER = 2;
const QOS = 3;

const TEXT_BYTES_MAX = 1_024;

/** The map of a client without the keys of `extra`, as the encoder wants it. */
export function clientItems({ id, user, qos }: MessageClient): Map<number, unknown> {
  const items = new Map<number, unknown>([[ID, id]]);
  if (user !== undefined) items.set(USER, user);
  if (qos !== undefined) items.set(QOS, qos);
  return items;
}

/** Upper bound of what a client adds to an entry, without the keys of its `extra`. */
export function clientBytesBound({ id, user = '' }: MessageClient): number {
  return (id.length + user.length) * 3 + 24;
}

/** Reads a client; `null` for anything that is none, which its message keeps as an unknown key. */
export function readClient(item: unknown): MessageClient | null {
  if (!(item instanceof Map)) return null;
  const extra = new Map<number, unknown>();
  for (const [key, value] of item) {
    if (!Number.isInteger(key)) return null;
    if (key < ID || key > QOS) extra.set(key, value);
  }
  const [id, user, qos] = [item.get(ID), item.get(USER), item.get(QOS)] as unknown[];
  const client = {
    id,
    ...(user === undefined ? {} : { user }),
    ...(qos === undefined ? {} : { qos }),
    ...(extra.size === 0 ? {} : { extra }),
  };
  return isMessageClient(client) ? client : null;
}

/** True for a client that every reader takes: callers without types are checked too. */
export function isMessageClient(client: unknown): client is MessageClient {
  if (typeof client !== 'object' || client === null) return false;
  const { id, user, qos } = client as Record<keyof MessageClient, unknown>;
  if (!isName(id) || (user !== undefined && !isName(user))) return false;
  return qos === undefined || qos === 0 || qos === 1 || qos === 2;
}

function isName(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || !value.isWellFormed()) return false;
  return toUtf8(value).length <= TEXT_BYTES_MAX;
}
