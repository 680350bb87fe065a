import { randomBytes } from 'node:crypto';
import { decodeEntry, type Entry, type EntryId, type EpochId, sealEntry } from '../../../src/entry/index.ts';
import { Counters, silentLog } from '../../../src/errors/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { Ingest } from '../../../src/ingest/index.ts';
import { ChannelJournal, MemoryDisk } from '../../../src/journal/index.ts';
import { createRealm, grantNode, Realm } from '../../../src/realm/index.ts';

/** An ingest over one journal, `main`, in a realm with as many authors as wanted. */
export class IngestWorld {
  readonly counters = new Counters();
  readonly realm: Realm;
  readonly journal: ChannelJournal;
  readonly ingest: Ingest;
  readonly #granted: Identity[] = [];
  readonly #made: ReturnType<typeof createRealm>;

  constructor(made = createRealm({ name: 'test' })) {
    this.#made = made;
    this.realm = new Realm(this.#made.anchor);
    this.journal = new ChannelJournal(
      { directory: '/journal', channel: 'main', self: this.#made.root.nodeId },
      {
        disk: new MemoryDisk(),
        nowMs: () => 1_000,
        randomBytes,
        decode: decodeEntry,
        log: silentLog,
        counters: this.counters,
      },
    );
    this.ingest = new Ingest(
      {},
      {
        self: this.#made.root.nodeId,
        realm: this.realm,
        journalOf: (channel) => (channel === 'main' ? this.journal : null),
        nowMs: () => 1_000,
        counters: this.counters,
        log: silentLog,
      },
    );
  }

  /** Another node of the same realm. It knows the authors that are granted to it. */
  twin(): IngestWorld {
    const twin = new IngestWorld(this.#made);
    for (const author of this.#granted) twin.grant(author);
    return twin;
  }

  /** An author, known to the realm unless said otherwise. */
  author(granted = true): Identity {
    const author = Identity.generate();
    if (granted) this.grant(author);
    return author;
  }

  grant(author: Identity): void {
    this.#granted.push(author);
    const { anchor, root } = this.#made;
    this.realm.offerGrantChain(
      grantNode({ anchor, issuer: root, subject: author.publicKey, name: author.nodeId.slice(-8) }),
    );
  }

  /** Chained entries of one message each, numbers `first` to `last`. */
  chain(
    author: Identity,
    count: number,
    { first = 1, prev = null as EntryId | null, epoch = '00000000000000aa' } = {},
  ): Entry[] {
    const entries: Entry[] = [];
    for (let seq = first; seq < first + count; seq++) {
      const before = entries.at(-1)?.id ?? prev;
      entries.push(
        sealEntry(
          {
            channel: 'main',
            epoch: epoch as EpochId,
            seq,
            skip: 0,
            prev: seq === 1 ? null : (before ?? ('00'.repeat(16) as EntryId)),
            lamport: seq,
            timeMs: 1,
            ttlSeconds: 0,
            messages: [{ topic: 't', payload: Buffer.from(`message ${seq}`), timeMs: 1 }],
          },
          author,
          this.realm.entryAad(),
        ),
      );
    }
    return entries;
  }
}

/** The same entry with another signature: its bytes, and so its id, differ. */
export function withBadSignature(entry: Entry): Entry {
  const bytes = Uint8Array.from(entry.bytes);
  bytes[bytes.length - 1]! ^= 1;
  const decoded = decodeEntry(bytes);
  if (!decoded.ok) throw new Error(decoded.code);
  return decoded.value;
}
