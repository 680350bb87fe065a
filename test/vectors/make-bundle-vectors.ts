/** Writes test/vectors/bundle/bundle.hex: `node test/vectors/make-bundle-vectors.ts`. The same input, the same bytes. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { BundleExport } from '../../src/bundle/index.ts';
import { toHex } from '../../src/bytes/index.ts';
import { decodeEntry, type Entry, type EpochId, sealEntry } from '../../src/entry/index.ts';
import { Counters, silentLog } from '../../src/errors/index.ts';
import { Identity } from '../../src/identity/index.ts';
import { ChannelJournal, MemoryDisk } from '../../src/journal/index.ts';
import { lifetimesByClock } from '../../src/sync/index.ts';
import { createRealm, encodeChainPayload, grantNode, REALM_TOPICS, Realm } from '../../src/realm/index.ts';

export const TIME_MS = 1_790_000_000_000;
const EPOCH = '0011223344556677' as EpochId;

/** A realm, a node and its clock that follow from nothing. */
export const { anchor, root } = createRealm({
  name: 'yard',
  randomBytes: (n) => new Uint8Array(n).fill(1),
});
export const exporter = Identity.fromSeed(new Uint8Array(32).fill(0x0b));
export const chain = grantNode({
  anchor,
  issuer: root,
  subject: exporter.publicKey,
  name: 'gateway',
  issuedAtMs: TIME_MS,
});

/** A bundle with one grant, two channels, three entries of which one follows a hole, and its seal. */
export async function vectorBundle(): Promise<Uint8Array> {
  const realm = new Realm(anchor);
  realm.offerGrantChain(chain);
  const granted = encodeChainPayload(chain);
  const grant = seal({ channel: '$realm', seq: 1, topic: REALM_TOPICS.grant, payload: granted });
  const first = seal({ channel: 'main', seq: 1, topic: 'site/temp', payload: Buffer.from('21.5') });
  const third = seal({
    channel: 'main',
    seq: 3,
    topic: 'site/temp',
    payload: Buffer.from('22'),
    prev: first,
  });
  const journals = new Map([
    ['main', await journalOf('main', [first, third])],
    ['$realm', await journalOf('$realm', [grant])],
  ]);
  const exported = new BundleExport(
    {},
    {
      realm,
      journals,
      key: exporter,
      node: exporter.nodeId,
      nodeName: 'gateway',
      storeId: '8899aabbccddeeff',
      nowMs: () => TIME_MS + 5_000,
      lifetimes: lifetimesByClock(() => TIME_MS + 5_000),
      audit: { maySeal: () => true, isBad: () => false },
    },
  );
  const chunks: Uint8Array[] = [];
  for await (const chunk of exported) chunks.push(chunk);
  for (const journal of journals.values()) await journal.stop();
  return Buffer.concat(chunks);
}

function seal(fields: {
  readonly channel: string;
  readonly seq: number;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly prev?: Entry;
}): Entry {
  const { channel, seq, topic, payload, prev } = fields;
  return sealEntry(
    {
      channel,
      epoch: EPOCH,
      seq,
      skip: 0,
      prev: prev?.id ?? null,
      lamport: seq,
      timeMs: TIME_MS,
      ttlSeconds: 0,
      messages: [{ topic, payload, timeMs: TIME_MS }],
    },
    exporter,
    new Realm(anchor).entryAad(),
  );
}

async function journalOf(channel: string, entries: readonly Entry[]): Promise<ChannelJournal> {
  let byte = 0;
  const journal = new ChannelJournal(
    { directory: `/${channel}`, channel, self: exporter.nodeId },
    {
      disk: new MemoryDisk(),
      nowMs: () => TIME_MS,
      randomBytes: (n) => Uint8Array.from({ length: n }, () => byte++ & 0xff),
      decode: decodeEntry,
      log: silentLog,
      counters: new Counters(),
    },
  );
  await journal.start();
  for (const entry of entries) {
    journal.append(entry, { receivedAtMs: TIME_MS, ageMs: 250, source: 'own', verifiedBy: 'signature' });
  }
  return journal;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const hex = toHex(await vectorBundle()).replaceAll(/(.{96})/g, '$1\n').trimEnd();
  writeFileSync(new URL('./bundle/bundle.hex', import.meta.url), `${hex}\n`);
}
