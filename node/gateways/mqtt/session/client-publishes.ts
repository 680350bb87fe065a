import type { Log } from '../../../../src/errors/index.ts';
import type { Acknowledgement, PublishOptions } from '../../../../src/index.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import { optionsOfProperties } from '../message-mapping.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { PublishPacket, ReceivedPacket, ServerPacket } from '../packet/packet-codec.ts';
import { REASON } from '../packet/reason-code.ts';
import { AnswerQueue, type AnswerSlot } from './answer-queue.ts';
import type { ClientLink } from './client-link.ts';
import { firstNumberOf, type InboundRecord, InboundState } from './inbound-state.ts';
import { publishDigest } from './publish-digest.ts';
import { NotAllowed, refusalOf } from './refusal.ts';

/** Options of {@link ClientPublishes}; see `SessionOptions`. */
export interface PublishesOptions {
  readonly ack: Acknowledgement;
  readonly receiveMaximum: number;
}

/** What it works with. */
export interface PublishesDependencies {
  readonly mesh: Pick<MqttMesh, 'publish' | 'publishedBy'>;
  readonly counters: GatewayCounters;
  readonly log: Log;
}

/** Whose messages these are. */
export interface PublishesOwner {
  readonly clientId: string;
  readonly user: string | null;
  readonly uid: string;
  readonly inbound: InboundRecord;
  /** Its session outlives its connections. */
  readonly durable: boolean;
}

/** Publishes looked at after a crash. */
const UNCLEAR_MAX = 4_096;

/** What a client publishes: each message into the mesh once, and its answers in the order of what they answer. */
export class ClientPublishes {
  readonly #owner: PublishesOwner;
  readonly #options: PublishesOptions;
  readonly #deps: PublishesDependencies;
  readonly #inbound: InboundState;
  #answers = new AnswerQueue<ServerPacket>();
  readonly #publishing = new Set<Promise<void>>();
  #link: ClientLink | null = null;
  /** There is something to keep; whoever keeps it resets this. */
  changed = false;

  constructor(owner: PublishesOwner, options: PublishesOptions, deps: PublishesDependencies) {
    this.#owner = owner;
    this.#options = options;
    this.#deps = deps;
    this.#inbound = new InboundState(owner.inbound);
  }

  /** What of it must outlive the process. */
  record(): InboundRecord {
    return this.#inbound.record();
  }

  /** Of what lay on disk it is not known whether it was stored. */
  get isUnclear(): boolean {
    const { unclearFrom, nextCounter } = this.#owner.inbound;
    return unclearFrom !== nextCounter;
  }

  /** Finds out after a stop what is stored, although nobody can tell what the client knows of that. */
  async recover(): Promise<void> {
    const messages = await this.#deps.mesh.publishedBy(this.#producer, {
      from: firstNumberOf(this.#owner.inbound.unclearFrom),
      max: UNCLEAR_MAX,
    });
    this.#inbound.recover(
      messages.map((message) => ({
        n: message.publishId!.n,
        qos: message.client?.qos === 2 ? 2 : 1,
        digest: publishDigest(message),
      })),
    );
  }

  connect(link: ClientLink): void {
    this.#link = link;
    this.#answers = new AnswerQueue();
    this.#inbound.connect(link.version === 5 ? this.#options.receiveMaximum : Number.POSITIVE_INFINITY);
  }

  /** Resolves when what came is stored or refused. */
  async disconnect(): Promise<void> {
    this.#link = null;
    await Promise.allSettled([...this.#publishing]);
  }

  /** Takes in a PUBLISH; resolves when it is dealt with. */
  async publish({
    packet,
    userProperties,
  }: ReceivedPacket & { readonly packet: PublishPacket }): Promise<void> {
    const { qos, messageId = 0 } = packet;
    this.#deps.counters.count('messagesIn');
    if (qos === 0) return this.#publishOnce(packet, userProperties);
    const verdict = this.#inbound.publish({
      packetId: messageId,
      qos,
      dup: packet.dup,
      digest: () => publishDigest(packet),
    });
    this.changed = true;
    switch (verdict.do) {
      case 'refuse':
        this.#link?.end(verdict.reason, '3.3.4-9');
        return;
      case 'wait':
        this.#deps.counters.count('messagesInRepeated');
        return;
      case 'acknowledge':
        this.#deps.counters.count('messagesInRepeated');
        this.#answer(this.#answers.push(), received(packet, REASON.success));
        return;
      case 'publish':
        await this.#publishFlow(packet, userProperties, verdict.n);
    }
  }

  /** Takes in a PUBREL. */
  release(packetId: number): void {
    const known = this.#inbound.release(packetId);
    this.changed = true;
    const reasonCode = known ? REASON.success : REASON.packetIdNotFound;
    this.#link?.send({ cmd: 'pubcomp', messageId: packetId, reasonCode });
  }

  async #publishOnce(packet: PublishPacket, userProperties: ReceivedPacket['userProperties']): Promise<void> {
    try {
      await this.#hand(packet, {
        ...optionsOfProperties(packet.properties, userProperties),
        ack: 'accepted',
      });
    } catch (error) {
      this.#refuse(error, packet);
    }
  }

  async #publishFlow(
    packet: PublishPacket,
    userProperties: ReceivedPacket['userProperties'],
    n: number,
  ): Promise<void> {
    const slot = this.#answers.push();
    const { ack } = this.#options;
    const options = { ...optionsOfProperties(packet.properties, userProperties), ...this.#publishId(n), ack };
    const publishing = this.#hand(packet, options).then(
      () => {
        if (this.#inbound.stored(n)) this.#answer(slot, received(packet, REASON.success));
        else this.#answer(slot, null);
      },
      (error: unknown) => {
        const { reason, final, harmless } = refusalOf(error);
        this.#inbound.failed(n, { forget: final || this.#link?.version === 5 });
        this.#answer(slot, harmless || this.#link?.version === 5 ? received(packet, reason) : null);
        this.#refuse(error, packet);
      },
    );
    this.#publishing.add(publishing);
    await publishing.finally(() => this.#publishing.delete(publishing));
  }

  #hand(packet: PublishPacket, options: PublishOptions): Promise<unknown> {
    const { topic, payload, retain, qos } = packet;
    if (this.#link?.permissions.mayPublish(topic) !== true) return Promise.reject(new NotAllowed());
    const client = {
      id: this.#owner.clientId,
      ...(this.#owner.user === null ? {} : { user: this.#owner.user }),
      qos,
    };
    return this.#deps.mesh.publish(topic, payload, { ...options, client, retain });
  }

  /** A session that ends with its connection has no repetitions: no id, and no bytes for one. */
  #publishId(n: number): Pick<PublishOptions, 'id'> {
    return this.#owner.durable ? { id: { producer: this.#producer, n } } : {};
  }

  #refuse(error: unknown, { qos }: PublishPacket): void {
    this.#deps.counters.count('messagesInRefused');
    const { reason, harmless } = refusalOf(error);
    this.#deps.log.warn(
      { client: this.#owner.clientId, qos, error: String(error) },
      'a message of an MQTT client was refused',
    );
    // 3.1.1 has no way to say so, and an acknowledgement would be a lie.
    if (harmless) return;
    if (this.#link?.version !== 5) this.#link?.end(reason, '3.3.5-2');
    else if (qos === 0) this.#link.end(reason, '3.3.5-2');
  }

  #answer(slot: AnswerSlot<ServerPacket>, packet: ServerPacket | null): void {
    slot.answer = packet;
    for (const answer of this.#answers.take()) this.#link?.send(answer);
  }

  get #producer(): string {
    return `mqtt/${this.#owner.uid}`;
  }
}

/** The first answer to a PUBLISH. */
function received({ qos, messageId }: PublishPacket, reasonCode: number): ServerPacket {
  return { cmd: qos === 1 ? 'puback' : 'pubrec', messageId: messageId!, reasonCode };
}
