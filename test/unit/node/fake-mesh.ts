import type { ServedMesh } from '../../../node/control/served-mesh.ts';
import { SedgeError } from '../../../src/errors/index.ts';
import type {
  ChannelPolicy,
  DeliveredMessage,
  Delivery,
  EpochId,
  MessageToPublish,
  NodeId,
  Published,
  PublishOptions,
  RealmStatus,
  SubscribeOptions,
  Subscription,
} from '../../../src/index.ts';

const NODE = '12D3KooWFakeFakeFakeFakeFakeFakeFakeFakeFakeFakeFake' as NodeId;
const EPOCH = '00112233aabbccdd' as EpochId;

/** A mesh of one node in memory, with just the rules that the control socket relies on. */
export class FakeMesh implements ServedMesh {
  readonly node = NODE;
  readonly name = 'fake';
  readonly log: Delivery[] = [];
  /** Acknowledged position of each durable subscription. */
  readonly cursors = new Map<string, number>();
  readonly open = new Set<FakeSubscription>();
  /** Resolved before a publish is acknowledged. */
  gate: Promise<void> = Promise.resolve();
  channelsDeclared: readonly { name: string; filter: string }[] = [];
  policyDeclared: Readonly<Record<string, ChannelPolicy>> = {};
  #seq = 0;

  async publish(topic: string, payload: Uint8Array | string, options?: PublishOptions): Promise<Published> {
    const message: MessageToPublish =
      options === undefined ? { topic, payload } : { topic, payload, options };
    return (await this.publishMany([message]))[0]!;
  }

  async publishMany(messages: readonly MessageToPublish[]): Promise<readonly Published[]> {
    for (const { topic, payload } of messages) {
      if (topic.includes('#')) throw new SedgeError('topic.wildcard', { topic });
      if (payload.length > 1_048_576)
        throw new SedgeError('entry.payload-too-large', { bytes: payload.length });
    }
    const published = messages.map((message) => this.#append(message));
    for (const subscription of this.open) subscription.wake();
    await this.gate;
    return published;
  }

  /** Adds a gap that every subscription meets. */
  addGap(first: number, last: number): void {
    this.log.push({
      kind: 'gap',
      author: NODE,
      name: 'fake',
      channel: 'main',
      epoch: EPOCH,
      first,
      last,
      reason: 'missing',
    });
    for (const subscription of this.open) subscription.wake();
  }

  subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): Subscription {
    if ([filters].flat().some((filter) => filter.includes('##'))) throw new SedgeError('topic.bad-filter');
    const subscription = new FakeSubscription(this, options);
    this.open.add(subscription);
    return subscription;
  }

  status(): ReturnType<ServedMesh['status']> {
    return {
      node: NODE,
      name: 'fake',
      realm: 'aa'.repeat(16),
      realmName: 'farm',
      addresses: ['/ip4/127.0.0.1/tcp/1'],
      startedAtMs: 0,
      peersConnected: 0,
      peersKnown: 0,
      channels: [],
      published: this.#seq,
      delivered: 0,
      received: 0,
      parked: 0,
      storageBytesMax: null,
      counters: {},
      problems: [],
    };
  }

  peers(): [] {
    return [];
  }

  absentPeers(): [] {
    return [];
  }

  channels(): [] {
    return [];
  }

  logs(): [] {
    return [];
  }

  gaps(): [] {
    return [];
  }

  forks(): [] {
    return [];
  }

  realm(): RealmStatus {
    const channels = this.channelsDeclared;
    return {
      id: 'aa',
      name: 'farm',
      node: NODE,
      role: 'root',
      admin: true,
      nodes: [],
      channels,
      policy: this.policyDeclared,
      invites: [],
    } as never;
  }

  async invite(options: { uses?: number }): Promise<{ token: string; expiresAtMs: number; uses: number }> {
    return { token: 'token', expiresAtMs: 1, uses: options.uses ?? 1 };
  }

  async revoke(node: string): Promise<{ node: NodeId; name: string }> {
    throw new SedgeError('realm.unknown-node', { node });
  }

  async declareChannels(channels: { name: string; filter: string }[]): Promise<void> {
    this.channelsDeclared = channels;
  }

  async declarePolicy(policy: Readonly<Record<string, ChannelPolicy>>): Promise<void> {
    this.policyDeclared = policy;
  }

  /** What is held needs a real mesh. */
  async history(): Promise<never> {
    throw new SedgeError('mesh.not-started');
  }

  historyEnd(): never {
    throw new SedgeError('mesh.not-started');
  }

  /** Resolved as long as the disk answers. */
  stored: Promise<void> = Promise.resolve();

  whenStored(): Promise<void> {
    return this.stored;
  }

  async lastValues(): Promise<never> {
    throw new SedgeError('mesh.not-started');
  }

  async holders(): Promise<never> {
    throw new SedgeError('mesh.not-started');
  }

  /** Bundles need a real mesh; their tests bring one. */
  exportBundle(): never {
    throw new SedgeError('mesh.not-started');
  }

  async importBundle(): Promise<never> {
    throw new SedgeError('mesh.not-started');
  }

  #append({ topic, payload, options }: MessageToPublish): Published {
    const seq = ++this.#seq;
    const { id, ack: _, ttlSeconds: __, ...extras } = options ?? {};
    const message: DeliveredMessage = {
      kind: 'message',
      author: NODE,
      name: 'fake',
      channel: 'main',
      epoch: EPOCH,
      seq,
      timeMs: 1_000,
      offset: `0011223344556677:${seq}`,
      late: false,
      topic,
      payload: Buffer.from(payload as string),
      ...extras,
      ...(id === undefined ? {} : { publishId: id }),
    };
    this.log.push(message);
    return { author: NODE, channel: 'main', epoch: EPOCH, seq, timeMs: 1_000, duplicate: false };
  }
}

class FakeSubscription implements Subscription {
  readonly #mesh: FakeMesh;
  readonly #durable: string | undefined;
  #position: number;
  #isClosed = false;
  #wake: () => void = () => {};

  constructor(mesh: FakeMesh, options: SubscribeOptions) {
    this.#mesh = mesh;
    this.#durable = options.durable;
    const start = options.from === 'all' ? 0 : mesh.log.length;
    this.#position = (options.durable === undefined ? undefined : mesh.cursors.get(options.durable)) ?? start;
    if (options.durable !== undefined) mesh.cursors.set(options.durable, this.#position);
  }

  wake(): void {
    this.#wake();
  }

  async next(): Promise<IteratorResult<Delivery>> {
    const [value] = await this.nextBatch(1);
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  async nextBatch(max: number): Promise<readonly Delivery[]> {
    if (this.#isClosed) return [];
    await this.acknowledge();
    while (!this.#isClosed && this.#position >= this.#mesh.log.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#isClosed) return [];
    const batch = this.#mesh.log.slice(this.#position, this.#position + max);
    this.#position += batch.length;
    return batch;
  }

  async acknowledge(): Promise<void> {
    if (this.#durable !== undefined) this.#mesh.cursors.set(this.#durable, this.#position);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#mesh.open.delete(this);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Delivery> {
    for (let item = await this.next(); !item.done; item = await this.next()) yield item.value;
  }
}
