import type { PacketReader } from './packet-reader.ts';
import { REASON } from './reason-code.ts';

/** Where properties stand that a client may send. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'publish'
  | 'acknowledgement'
  | 'subscribe'
  | 'unsubscribe'
  | 'disconnect'
  | 'auth';

/** What the check of properties finds that mqtt-packet does not keep. */
export interface CheckedProperties {
  /** In the order in which they came, names repeated. */
  readonly userProperties: readonly (readonly [string, string])[];
  readonly topicAlias: number | null;
  readonly hasAuthenticationMethod: boolean;
}

interface Rule {
  readonly places: readonly PropertyPlace[];
  readonly read: (reader: PacketReader) => void;
}

const NONE: CheckedProperties = Object.freeze({
  userProperties: [],
  topicAlias: null,
  hasAuthenticationMethod: false,
});
const USER_PROPERTY = 0x26;
const TOPIC_ALIAS = 0x23;
const AUTHENTICATION_METHOD = 0x15;
const AUTHENTICATION_DATA = 0x16;
/** User properties of a packet. */
const USER_PROPERTIES_MAX = 256;

const text = (reader: PacketReader): void => void reader.text();
const binary = (reader: PacketReader): void => void reader.binary();
const uint32 = (reader: PacketReader): void => void reader.uint32();
const uint16 = (reader: PacketReader): void => void reader.uint16();

/** A byte of 0 or 1. */
function truth(rule: string): Rule['read'] {
  return (reader) => {
    if (reader.byte() > 1) reader.fail(REASON.protocolError, rule);
  };
}

function positive(read: (reader: PacketReader) => number, rule: string): Rule['read'] {
  return (reader) => {
    if (read(reader) === 0) reader.fail(REASON.protocolError, rule);
  };
}

/** A topic to answer on: no wildcards. */
function responseTopic(reader: PacketReader): void {
  const topic = reader.text();
  if (/[+#]/.test(topic)) reader.fail(REASON.protocolError, '3.3.2-14');
}

/** Properties that a client may send, by identifier (table 2-4). */
const RULES: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [0x01, { places: ['publish', 'will'], read: truth('3.3.2.3.2') }],
  [0x02, { places: ['publish', 'will'], read: uint32 }],
  [0x03, { places: ['publish', 'will'], read: text }],
  [0x08, { places: ['publish', 'will'], read: responseTopic }],
  [0x09, { places: ['publish', 'will'], read: binary }],
  [0x0b, { places: ['subscribe'], read: positive((reader) => reader.varint(), '3.8.2.1.2') }],
  [0x11, { places: ['connect', 'disconnect'], read: uint32 }],
  [AUTHENTICATION_METHOD, { places: ['connect', 'auth'], read: text }],
  [AUTHENTICATION_DATA, { places: ['connect', 'auth'], read: binary }],
  [0x17, { places: ['connect'], read: truth('3.1.2.11.7') }],
  [0x18, { places: ['will'], read: uint32 }],
  [0x19, { places: ['connect'], read: truth('3.1.2.11.6') }],
  [0x1f, { places: ['acknowledgement', 'disconnect', 'auth'], read: text }],
  [0x21, { places: ['connect'], read: positive((reader) => reader.uint16(), '3.1.2.11.3') }],
  [0x22, { places: ['connect'], read: uint16 }],
  [0x27, { places: ['connect'], read: positive((reader) => reader.uint32(), '3.1.2.11.4') }],
]);

/** Checks the properties of a packet of MQTT 5 (section 2.2.2), each but user properties at most once. */
export function checkProperties(reader: PacketReader, place: PropertyPlace): CheckedProperties {
  const length = reader.varint();
  if (length === 0) return NONE;
  const inner = reader.within(length);
  const userProperties: [string, string][] = [];
  const seen = new Set<number>();
  let topicAlias: number | null = null;
  while (inner.left > 0) {
    const id = inner.varint();
    if (id === USER_PROPERTY) {
      userProperties.push([inner.text(), inner.text()]);
      if (userProperties.length > USER_PROPERTIES_MAX) inner.fail(REASON.quotaExceeded, '2.2.2.2');
      continue;
    }
    if (seen.has(id)) inner.fail(REASON.protocolError, '2.2.2.2');
    seen.add(id);
    if (id === TOPIC_ALIAS && place === 'publish') {
      topicAlias = inner.uint16();
      if (topicAlias === 0) inner.fail(REASON.topicAliasInvalid, '3.3.2-8');
      continue;
    }
    const rule = RULES.get(id);
    if (rule === undefined || !rule.places.includes(place)) inner.fail(REASON.malformedPacket, '2.2.2.2');
    else rule.read(inner);
  }
  const hasAuthenticationMethod = seen.has(AUTHENTICATION_METHOD);
  if (seen.has(AUTHENTICATION_DATA) && !hasAuthenticationMethod)
    inner.fail(REASON.protocolError, '3.1.2.11.10');
  reader.join(inner);
  return { userProperties, topicAlias, hasAuthenticationMethod };
}
