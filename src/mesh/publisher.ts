import { toUtf8 } from '../bytes/index.ts';
import {
  ENTRY_BATCH_BYTES_MAX,
  type Entry,
  type EpochId,
  isMessageClient,
  isOrigin,
  isPublishId,
  type LogId,
  logIdOf,
  type Message,
  messageBytesBound,
  PAYLOAD_BYTES_MAX,
  type PublishId,
  splitLogId,
} from '../entry/index.ts';
import type { Log } from '../errors/index.ts';
import { assert, SedgeError } from '../errors/index.ts';
import type { Identity } from '../identity/index.ts';
import { type ChannelJournal, type Disk, OwnLog, type StoredEntry } from '../journal/index.ts';
import type { Realm } from '../realm/index.ts';
import type { ReplicaWait } from '../receipts/index.ts';
import { checkTopic } from '../topic/index.ts';
import type { CarriedChannels } from './carried-channels.ts';
import { type AcknowledgementWish, ChannelAuthor } from './channel-author.ts';
import type { LostMessage } from './lost-messages.ts';
import {
  type Published,
  type PublishOptions,
  REPLICAS_MAX,
  REPLICAS_TIMEOUT_MS,
  REPLICAS_TIMEOUT_MS_MAX,
} from './publish-options.ts';
import { isOwnAlertTopic } from './reserved-topic.ts';

/** What {@link Publisher} works with. */
export interface PublisherDependencies {
  readonly identity: Identity;
  readonly realm: Realm;
  readonly channels: CarriedChannels;
  readonly disk: Disk;
  readonly store: (entry: Entry) => StoredEntry;
  readonly send: (entry: Entry) => void;
  readonly whenRoom: () => Promise<void> | null;
  /** The first number of a log that no longer counts, as its epoch was forked; `null` while it goes on. */
  readonly endOf: (channel: string, log: LogId) => number | null;
  /** The key of this node was found to write elsewhere, perhaps from a copy of its store. */
  readonly onKeyElsewhere: () => void;
  readonly nowMs: () => number;
  readonly randomBytes: (n: number) => Uint8Array;
  readonly log: Log;
  /** See `ReceiptsService.whenHeld`. */
  readonly whenHeld: (wait: ReplicaWait, timeoutMs: number) => Promise<number>;
}

/** Messages that may wait for their entry in a channel; more are refused (`mesh.too-many-pending`). */
const PENDING_MAX = 65_536;
const TTL_SECONDS_MAX = 2 ** 32 - 1;
/** Headers, key and content type of a message together. */
const META_BYTES_MAX = 16_384;

interface OpenChannel {
  readonly journal: ChannelJournal;
  readonly ownLog: OwnLog;
  readonly author: ChannelAuthor;
}

/** Checks what an application publishes, drops what it published before, and hands the rest to its channel's author. */
export class Publisher {
  readonly #deps: PublisherDependencies;
  /** Of channels that could not be opened too. */
  readonly #numbers = new Map<string, OwnLog>();
  readonly #open = new Map<string, OpenChannel>();
  readonly #opening = new Map<string, Promise<OpenChannel>>();
  readonly #underWay = new Map<string, Promise<Published>>();
  /** The last publish of a producer that had to wait; later ones queue behind it, to keep the order. */
  readonly #tails = new Map<string, Promise<unknown>>();
  /** Epochs begun since it was found that the key writes elsewhere too; `null` while that was not. */
  #begunSince: Set<EpochId> | null = null;
  /** Messages that are durable here and wait for other nodes. */
  #unreplicated = 0;
  #stopped = false;

  constructor(deps: PublisherDependencies) {
    this.#deps = deps;
  }

  /** See `Mesh.publish`. */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions): Promise<Published> {
    try {
      checkPublish(topic, options, false);
      return this.#publish(messageOf(topic, payload, options, this.#deps.nowMs()), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** See `Mesh.publishAlert`. */
  publishAlert(topic: string, payload: Uint8Array | string, options: PublishOptions): Promise<Published> {
    try {
      if (!isOwnAlertTopic(topic, this.#deps.identity.nodeId))
        throw new SedgeError('topic.reserved', { topic });
      checkPublish(topic, options, true);
      return this.#publish(messageOf(topic, payload, options, this.#deps.nowMs()), options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Publishes in the realm's own channel. */
  publishOwn(topic: string, payload: Uint8Array): Promise<Published> {
    assert(checkTopic(topic, { allowReserved: true }).ok, 'own topics are valid');
    return this.#publish(messageOf(topic, payload, {}, this.#deps.nowMs()), {});
  }

  /** Takes note of an entry that was stored: its Lamport time, and whether it is an own one nobody here knows of. */
  witness({ entry, facts }: StoredEntry): void {
    const channel = this.#open.get(entry.channel);
    if (channel === undefined) return;
    channel.ownLog.witness(entry.lamport);
    const own = entry.author === this.#deps.identity.nodeId && facts.source !== 'own';
    if (own && entry.epoch === channel.ownLog.epoch && entry.seq + entry.count > channel.ownLog.nextSeq) {
      this.#deps.log.error(
        { channel: entry.channel, seq: entry.seq },
        'another node writes with the key of this one',
      );
      this.#renewAll(channel);
    }
  }

  /** An epoch ended in a fork: if it is one that is written here, the next one begins. */
  leave(channel: string, log: LogId): void {
    const open = this.#open.get(channel);
    const { author, epoch } = splitLogId(log);
    if (open === undefined || author !== this.#deps.identity.nodeId || epoch !== open.ownLog.epoch) return;
    this.#deps.log.error({ channel, epoch }, 'the own log was forked: a new epoch begins');
    this.#renewAll(open);
  }

  /** Publishes what lost in a fork in the present epoch of its channel; resolves when it is durable. */
  async publishAgain(channel: string, { message, ttlSeconds }: LostMessage): Promise<Published> {
    if (this.#stopped) throw new SedgeError('mesh.not-started');
    return (await this.#channel(channel)).author.publish(message, ttlSeconds, wishOf({}));
  }

  /** Logs that this node writes now, by channel. */
  ownLogs(): Map<string, LogId> {
    const author = this.#deps.identity.nodeId;
    return new Map(
      [...this.#open].map(([channel, { ownLog }]) => [channel, logIdOf({ author, epoch: ownLog.epoch })]),
    );
  }

  /** Why this node cannot publish in channels whose numbers it could not reserve. */
  ownFaults(): Map<string, SedgeError> {
    return new Map([...this.#numbers].flatMap(([channel, { fault }]) => (fault ? [[channel, fault]] : [])));
  }

  /** Rejects what waits, and notes the exact next numbers. The journals must have been committed before. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled(this.#opening.values());
    for (const { author } of this.#open.values()) author.stop(new SedgeError('mesh.not-started'));
    await Promise.allSettled([...this.#open.values()].map(async ({ journal }) => journal.commit()));
    await Promise.all([...this.#open.values()].map(({ ownLog }) => ownLog.close()));
    this.#open.clear();
    this.#opening.clear();
  }

  /** The key writes elsewhere too: what is not forked yet would be with the next entry, so all channels begin anew. */
  #renewAll(found: OpenChannel): void {
    this.#deps.onKeyElsewhere();
    this.#begunSince ??= new Set();
    for (const open of this.#open.values()) {
      if (open === found || !this.#begunSince.has(open.ownLog.epoch)) this.#renew(open);
    }
  }

  #renew({ author, ownLog }: OpenChannel): void {
    author
      .renew(async () => {
        const begun = ownLog.newEpoch();
        this.#begunSince?.add(ownLog.epoch);
        await begun;
      })
      // The next publish reserves its numbers, or is told why that cannot be.
      .catch((error: unknown) => this.#deps.log.error({ error: String(error) }, 'no new epoch yet'));
  }

  #publish(message: Message, options: PublishOptions): Promise<Published> {
    if (this.#stopped) return Promise.reject(new SedgeError('mesh.not-started'));
    const name = this.#deps.realm.channelOf(message.topic);
    const channel = this.#open.get(name);
    if (channel !== undefined && options.id === undefined) return this.#hand(channel, message, options);
    if (channel === undefined) {
      return this.#channel(name).then((opened) => this.#publishIn(opened, name, message, options));
    }
    return this.#publishIn(channel, name, message, options);
  }

  #publishIn(
    channel: OpenChannel,
    name: string,
    message: Message,
    options: PublishOptions,
  ): Promise<Published> {
    const { id } = options;
    if (id === undefined) return this.#hand(channel, message, options);
    const key = `${name} ${id.n} ${id.producer}`;
    const producer = `${name} ${id.producer}`;
    const tail = this.#tails.get(producer);
    const fresh =
      tail === undefined && !this.#underWay.has(key) && !channel.journal.mayHavePublished(id.producer, id.n);
    if (fresh) return this.#track(key, this.#hand(channel, message, options));
    // The next one waits until this one is in line, not until it is acknowledged: that would be one a commit.
    const { promise: inLine, resolve: setInLine } = Promise.withResolvers<void>();
    const publishing = (tail ?? Promise.resolve()).then(() =>
      this.#publishOnce(channel, key, { message, options, inLine: setInLine }),
    );
    void publishing.catch(() => {}).then(() => setInLine());
    this.#tails.set(producer, inLine);
    void inLine.then(() => {
      if (this.#tails.get(producer) === inLine) this.#tails.delete(producer);
    });
    return publishing;
  }

  async #publishOnce(
    channel: OpenChannel,
    key: string,
    attempt: { readonly message: Message; readonly options: PublishOptions; readonly inLine: () => void },
  ): Promise<Published> {
    const { message, options, inLine } = attempt;
    const { producer, n } = options.id as PublishId;
    const underWay = this.#underWay.get(key);
    // The first attempt's own acknowledgement may be weaker than what is asked for now; the journal tells.
    if (underWay !== undefined) await underWay.catch(() => {});
    const known = await channel.journal.publishedAs(producer, n);
    if (known === null) {
      const publishing = this.#track(key, this.#hand(channel, message, options));
      inLine();
      return publishing;
    }
    inLine();
    if (options.ack !== 'accepted') await channel.journal.commit();
    const { journal } = channel;
    const published = {
      author: this.#deps.identity.nodeId,
      channel: journal.channel,
      epoch: known.epoch,
      seq: known.seq,
      timeMs: message.timeMs,
      duplicate: true,
    };
    const { ack, replicasTimeoutMs } = wishOf(options);
    if (typeof ack === 'string') return published;
    const { replicas } = ack;
    const of = { channel: journal.channel, log: logIdOf(published), first: known.seq, last: known.seq };
    return { ...published, replicas: await this.#deps.whenHeld({ ...of, replicas }, replicasTimeoutMs) };
  }

  #track(key: string, publishing: Promise<Published>): Promise<Published> {
    this.#underWay.set(key, publishing);
    const forget = () => {
      if (this.#underWay.get(key) === publishing) this.#underWay.delete(key);
    };
    publishing.then(forget, forget);
    return publishing;
  }

  #hand({ author, journal }: OpenChannel, message: Message, options: PublishOptions): Promise<Published> {
    if (journal.fault !== null) return Promise.reject(journal.fault);
    if (author.waiting >= PENDING_MAX || this.#unreplicated >= PENDING_MAX) {
      return Promise.reject(new SedgeError('mesh.too-many-pending', { pendingMax: PENDING_MAX }));
    }
    const wish = wishOf(options);
    const publishing = author.publish(message, options.ttlSeconds ?? 0, wish);
    if (typeof wish.ack === 'string') return publishing;
    this.#unreplicated++;
    return publishing.finally(() => this.#unreplicated--);
  }

  #channel(name: string): Promise<OpenChannel> {
    const opening =
      this.#opening.get(name) ??
      this.#openChannel(name).catch((error: unknown) => {
        this.#opening.delete(name);
        throw error;
      });
    this.#opening.set(name, opening);
    return opening;
  }

  async #openChannel(name: string): Promise<OpenChannel> {
    const { identity, realm, channels, disk, endOf, randomBytes, log } = this.#deps;
    const journal = await channels.open(name);
    const ownLog = new OwnLog({ self: identity.nodeId }, { disk, journal, randomBytes, log });
    this.#numbers.set(name, ownLog);
    const { prev, epoch } = await ownLog.open();
    // A crash may have come between the end of the epoch and the next one.
    const forked = endOf(name, logIdOf({ author: identity.nodeId, epoch })) !== null;
    const ended = this.#begunSince !== null || forked;
    if (ended) await ownLog.newEpoch();
    if (forked) this.#deps.onKeyElsewhere();
    this.#begunSince?.add(ownLog.epoch);
    const author = new ChannelAuthor(name, ended ? null : prev, {
      ...this.#deps,
      externalAad: realm.entryAad(),
      journal,
      ownLog,
    });
    const opened = { journal, ownLog, author };
    this.#open.set(name, opened);
    return opened;
  }
}

function checkPublish(topic: string, options: PublishOptions, own: boolean): void {
  const checked = checkTopic(topic, { allowReserved: own });
  if (!checked.ok) throw new SedgeError(checked.code, checked.details);
  const { id, ack, ttlSeconds } = options;
  if (id !== undefined && !isPublishId(id))
    throw badOption('id', 'a producer of 1 to 64 bytes and a number below 2^48');
  if (ack !== undefined && !isAcknowledgement(ack))
    throw badOption('ack', `accepted, durable or 1 to ${REPLICAS_MAX} replicas`);
  if (!isWhole(options.replicasTimeoutMs ?? 1, 1, REPLICAS_TIMEOUT_MS_MAX))
    throw badOption('replicasTimeoutMs', `1 to ${REPLICAS_TIMEOUT_MS_MAX} ms`);
  if (!isWhole(ttlSeconds ?? 1, 1, TTL_SECONDS_MAX)) throw badOption('ttlSeconds', '1 to 2^32 - 1 seconds');
}

function isAcknowledgement(ack: unknown): boolean {
  if (ack === 'accepted' || ack === 'durable') return true;
  return (
    typeof ack === 'object' && ack !== null && 'replicas' in ack && isWhole(ack.replicas, 1, REPLICAS_MAX)
  );
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function wishOf({
  ack = 'durable',
  replicasTimeoutMs = REPLICAS_TIMEOUT_MS,
}: PublishOptions): AcknowledgementWish {
  return { ack, replicasTimeoutMs };
}

function messageOf(
  topic: string,
  payload: Uint8Array | string,
  options: PublishOptions,
  nowMs: number,
): Message {
  const bytes = typeof payload === 'string' ? toUtf8(payload) : payload;
  if (!(bytes instanceof Uint8Array)) throw badOption('payload', 'bytes or a text');
  if (bytes.length > PAYLOAD_BYTES_MAX) {
    throw new SedgeError('entry.payload-too-large', { bytes: bytes.length, bytesMax: PAYLOAD_BYTES_MAX });
  }
  const { id, contentType, key, headers, retain, origin, client } = options;
  const plain = { topic, payload: bytes, timeMs: nowMs };
  if ([id, contentType, key, headers, origin, client].every((option) => option === undefined) && !retain)
    return plain;
  checkMeta(options);
  const message: Message = {
    ...plain,
    ...(id === undefined ? {} : { publishId: id }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(retain ? { retain } : {}),
    ...(origin === undefined ? {} : { origin }),
    ...(client === undefined ? {} : { client }),
  };
  const meta = messageBytesBound(message) - bytes.length;
  if (meta > META_BYTES_MAX + ENTRY_BATCH_BYTES_MAX / 16) {
    throw badOption('headers', `at most ${META_BYTES_MAX} bytes with key, content type, origin and client`);
  }
  return message;
}

/** Callers without types: what no reader of the entry would take must not be signed. */
function checkMeta({
  contentType = '',
  key = '',
  headers = {},
  retain = false,
  origin,
  client,
}: PublishOptions): void {
  if (typeof contentType !== 'string') throw badOption('contentType', 'a text');
  if (typeof key !== 'string') throw badOption('key', 'a text');
  if (typeof retain !== 'boolean') throw badOption('retain', 'true or false');
  if (origin !== undefined && !isOrigin(origin))
    throw badOption(
      'origin',
      'an origin: device as 16 hexadecimal digits, whole numbers, value with signature',
    );
  if (client !== undefined && !isMessageClient(client))
    throw badOption('client', 'id and user of 1 to 1,024 bytes, qos 0, 1 or 2');
  const named = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (!named || !Object.values(headers).every((value) => typeof value === 'string'))
    throw badOption('headers', 'texts by name');
}

function badOption(option: string, bounds: string): SedgeError {
  return new SedgeError('mesh.bad-option', { option, bounds });
}
