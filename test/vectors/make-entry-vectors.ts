/** Writes test/vectors/entry/entries.json: `node test/vectors/make-entry-vectors.ts`. The same input, the same bytes. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { cborUint, concatBytes, encodeCbor, fromHex, toHex } from '../../src/bytes/index.ts';
import { signCose1 } from '../../src/cose/index.ts';
import {
  type EntryDraft,
  type EntryId,
  type EpochId,
  entryIdOf,
  type Message,
  type Origin,
  sealEntry,
} from '../../src/entry/index.ts';
import { Identity } from '../../src/identity/index.ts';

const SEED = '0b'.repeat(32);
const DEVICE_SEED = '0c'.repeat(32);
const REALM_ID = '000102030405060708090a0b0c0d0e0f';
const EPOCH = '0011223344556677' as EpochId;
const PREV = '00112233445566778899aabbccddeeff' as EntryId;
const TIME_MS = 1_790_000_000_000;

const author = Identity.fromSeed(fromHex(SEED)!);
/** A device that signs what it measures. */
const device = Identity.fromSeed(fromHex(DEVICE_SEED)!);
/** external_aad: CBOR ["sedge/1", realm id]. */
const aad = encodeCbor(['sedge/1', fromHex(REALM_ID)]);

/** A message as JSON has it. */
export interface VectorMessage {
  readonly topic: string;
  /** Hexadecimal. */
  readonly payload: string;
  readonly timeMs: number;
  readonly contentType?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly retain?: boolean;
  /** Bytes in hexadecimal. */
  readonly origin?: Omit<Origin, 'signature' | 'value' | 'extra'> & {
    readonly signature?: string;
    readonly value?: string;
  };
  readonly client?: { readonly id: string; readonly user?: string; readonly qos?: 0 | 1 | 2 };
  readonly was?: { readonly epoch: EpochId; readonly seq: number };
  readonly publishId?: { readonly producer: string; readonly n: number };
  /** Unknown keys with their values. */
  readonly extra?: readonly (readonly [number, unknown])[];
}

/** A golden entry: what it says and the bytes that say it. */
export interface EntryVector {
  readonly name: string;
  /** Whether this version of sedge writes such entries; it reads all. */
  readonly writable: boolean;
  readonly fields: Omit<EntryDraft, 'messages'> & { readonly version: number; readonly count: number };
  /** `null`: carried, not read. */
  readonly messages: readonly VectorMessage[] | null;
  readonly id: string;
  /** The whole entry, hexadecimal. */
  readonly entry: string;
}

/** The file. */
export interface EntryVectors {
  readonly about: string;
  readonly seed: string;
  readonly author: string;
  /** Ed25519 public key of the device that signed the origins with a signature. */
  readonly devicePublicKey: string;
  readonly realmId: string;
  readonly externalAad: string;
  readonly cases: readonly EntryVector[];
}

const HEADER = {
  channel: 'main',
  epoch: EPOCH,
  seq: 1,
  skip: 0,
  prev: null,
  lamport: 1,
  timeMs: TIME_MS,
  ttlSeconds: 0,
} as const;
const ORIGIN = {
  device: '5e09e00000000001',
  epoch: 7,
  counter: 1_042,
  uptimeMs: 90_000,
  timeMs: TIME_MS - 350,
  uncertaintyMs: 12,
} as const;
const MESSAGE: VectorMessage = { topic: 'site/greenhouse/temp', payload: '32312e35', timeMs: TIME_MS };

/** A message of a vector as the entry layer has it. */
export function messageOf({ payload, origin, extra, ...rest }: VectorMessage): Message {
  return {
    ...rest,
    payload: fromHex(payload)!,
    ...(origin === undefined ? {} : { origin: originOf(origin) }),
    ...(extra === undefined ? {} : { extra: new Map(extra) }),
  };
}

function originOf({ signature, value, ...rest }: NonNullable<VectorMessage['origin']>): Origin {
  if (signature === undefined || value === undefined) return rest;
  return { ...rest, signature: fromHex(signature)!, value: fromHex(value)! };
}

/** An origin that its device signed: 21.1 as float32, on the topic of the sample. */
function signedOrigin(): NonNullable<VectorMessage['origin']> {
  const value = 'fa41a8cccd';
  const t = 90_000;
  const head = encodeCbor(['sedge-device/1', fromHex(ORIGIN.device), ORIGIN.epoch, ORIGIN.counter, t, 'temp']);
  // One item more than the six of the head.
  const signed = concatBytes([Uint8Array.of(0x87), head.subarray(1), fromHex(value)!]);
  const signature = toHex(device.sign(signed));
  return { ...ORIGIN, uptimeMs: t + 2 ** 32, signature, value, topic: 'temp' };
}

function written(
  name: string,
  header: Omit<EntryDraft, 'messages'>,
  messages: readonly VectorMessage[],
): EntryVector {
  const { bytes, id } = sealEntry({ ...header, messages: messages.map(messageOf) }, author, aad);
  const fields = { version: 1, ...header, count: messages.length };
  return { name, writable: true, fields, messages, id, entry: toHex(bytes) };
}

/** An entry that this version does not write, from the items of its body. */
function foreign(
  name: string,
  fields: EntryVector['fields'],
  { messages, rest }: { messages: EntryVector['messages']; rest: readonly unknown[] },
): EntryVector {
  const { version, channel, epoch, seq, count, skip, prev, lamport, timeMs, ttlSeconds } = fields;
  const head = [version, channel, fromHex(epoch), seq, count, skip, prev === null ? null : fromHex(prev)];
  const body = encodeCbor([...head, lamport, cborUint(timeMs), ttlSeconds, ...rest]);
  const bytes = signCose1(body, author, aad);
  return { name, writable: false, fields, messages, id: entryIdOf(bytes), entry: toHex(bytes) };
}

/** Makes the file's content. */
export function makeEntryVectors(): EntryVectors {
  const repeated = Array.from({ length: 256 }, (_, index) => ({
    topic: `air/station-${index % 5}/PM2.5`,
    payload: toHex(Buffer.from(String(index))),
    timeMs: TIME_MS + index - 3,
  }));
  const large = 2 ** 48 - 1;
  const item = [MESSAGE.topic, fromHex(MESSAGE.payload), 0];
  const fields = { version: 1, ...HEADER, count: 1 };
  return {
    about:
      'Golden entries (src/entry/README.md). Made by test/vectors/make-entry-vectors.ts; bytes in hexadecimal.',
    seed: SEED,
    author: toHex(author.publicKey),
    devicePublicKey: toHex(device.publicKey),
    realmId: REALM_ID,
    externalAad: toHex(aad),
    cases: [
      written('one message', HEADER, [MESSAGE]),
      written('an empty payload', HEADER, [{ ...MESSAGE, payload: '' }]),
      written('256 messages of five topics', { ...HEADER, seq: 300, prev: PREV, lamport: 512 }, repeated),
      written('all keys of a message', HEADER, [
        {
          ...MESSAGE,
          contentType: 'application/json',
          key: 'greenhouse-7',
          headers: { unit: '°C', sensor: 'dht22' },
          retain: true,
          was: { epoch: 'ffeeddccbbaa9988' as EpochId, seq: 77 },
          publishId: { producer: 'feeder', n: 12_345 },
        },
      ]),
      written('a reading for which its bridge vouches', HEADER, [{ ...MESSAGE, origin: ORIGIN }]),
      written('a reading that its device signed, behind the wrap of its clock', HEADER, [
        { ...MESSAGE, payload: toHex(Buffer.from('21.1')), origin: signedOrigin() },
      ]),
      written('a message of a client of a gateway, and one whose client said its name alone', HEADER, [
        { ...MESSAGE, client: { id: 'zigbee2mqtt', user: 'home', qos: 1 } },
        { ...MESSAGE, client: { id: 'wärmepumpe' } },
      ]),
      written('numbers skipped after an unclean stop', { ...HEADER, seq: 65_537, skip: 65_500, prev: PREV }, [
        MESSAGE,
      ]),
      written('all numbers before it skipped', { ...HEADER, seq: 257, skip: 256 }, [MESSAGE]),
      written('unknown keys of a message', HEADER, [
        {
          ...MESSAGE,
          extra: [
            [5, 'origin'],
            [6, [1, -2, 4_294_967_296]],
            [-1, 1.5],
            [1_000_000, null],
          ],
        },
      ]),
      written(
        'the largest numbers',
        { ...HEADER, seq: large, skip: large - 1, lamport: large, timeMs: large, ttlSeconds: 2 ** 32 - 1 },
        [{ ...MESSAGE, timeMs: large }],
      ),
      written('numbers just above 2^32', { ...HEADER, seq: 2 ** 32 + 1, prev: PREV, lamport: 2 ** 32 }, [
        MESSAGE,
      ]),
      written('messages of clocks that are decades apart', HEADER, [
        { ...MESSAGE, timeMs: 0 },
        { ...MESSAGE, timeMs: TIME_MS - 2 ** 32 },
        { ...MESSAGE, timeMs: TIME_MS + 2 ** 33 },
      ]),
      written('the channel of the realm', { ...HEADER, channel: '$realm' }, [
        { ...MESSAGE, topic: '$realm/grant' },
      ]),
      foreign('more items behind the content', fields, {
        messages: [MESSAGE],
        rest: [[item], 'later', new Map([[1, 2]])],
      }),
      foreign(
        'a higher version',
        { ...fields, version: 2, count: 3 },
        { messages: null, rest: [fromHex('c0ffee')] },
      ),
    ],
  };
}

/** The file's text. */
export function entryVectorsText(): string {
  const { cases, ...head } = makeEntryVectors();
  const lines = cases.map((vector) => `    ${JSON.stringify(vector)}`);
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(new URL('./entry/entries.json', import.meta.url), entryVectorsText());
}
