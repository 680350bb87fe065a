import { contentHash } from './content-hash.ts';

/** Header of a message in the mesh: the bridge that it came in by. */
export const BRIDGE_HEADER = 'bridge';
/** Header of such a message: packet id in the broker's session and hash of the content. */
export const BRIDGE_ID_HEADER = 'bridge-id';
/** Header, and user property of MQTT: ids of the realms that it went out of, the latest last. */
export const PATH_HEADER = 'sedge-path';
/** User property of MQTT: author, channel, epoch and number of a message; the same in each copy. */
export const ID_PROPERTY = 'sedge-id';

/** Realms that a message may have gone through. */
const PATH_MAX = 8;

export type UserProperties = readonly (readonly [string, string])[];

/** What is to become of a message of the broker. */
export type InMark =
  | { readonly kind: 'take'; readonly path: string | null; readonly userProperties: UserProperties }
  /** It went out of this realm before. */
  | { readonly kind: 'echo' }
  /** It has gone through more realms than anybody has. */
  | { readonly kind: 'loop' };

/** Reads the marks of a message that comes in, and takes off those that only a bridge may set. */
export function readMarks(userProperties: UserProperties, realm: string): InMark {
  const path = userProperties.filter(([name]) => name === PATH_HEADER).flatMap(([, text]) => text.split(' '));
  if (path.includes(realm)) return { kind: 'echo' };
  if (path.length >= PATH_MAX) return { kind: 'loop' };
  const own = [BRIDGE_HEADER, BRIDGE_ID_HEADER, PATH_HEADER, ID_PROPERTY];
  const others = userProperties.filter(([name]) => !own.includes(name));
  return { kind: 'take', path: path.length === 0 ? null : path.join(' '), userProperties: others };
}

type Headers = Readonly<Record<string, string>>;

/** Whether a message came in by the bridge, and so never goes out by it. */
export function cameBy(headers: Headers | undefined, bridge: string): boolean {
  return headers?.[BRIDGE_HEADER] === bridge;
}

/** A message's headers without the marks, and the path that it has once it goes out of the realm. */
export function outgoingMarks(
  headers: Headers = {},
  realm: string,
): { readonly headers: Headers; readonly path: string } {
  const { [BRIDGE_HEADER]: _bridge, [BRIDGE_ID_HEADER]: _id, [PATH_HEADER]: path, ...others } = headers;
  return { headers: others, path: path === undefined ? realm : `${path} ${realm}` };
}

/** What a message of the broker is known by when the broker sends it again. */
export function bridgeIdOf(packetId: number, topic: string, payload: Uint8Array): string {
  return `${packetId}.${contentHash(topic, payload)}`;
}
