import { type DeliveredMessage, type SelectiveSubscription, TopicFilter } from '../../../../src/index.ts';
import { DeliveryLedger } from '../session/delivery-ledger.ts';
import type { MqttSession } from '../session/mqtt-session.ts';
import type { MqttSubscription } from '../session/subscription-set.ts';

/** Deliveries taken from the mesh at once. */
const BATCH_MAX = 16;

/** What a group works with. */
export interface SharedGroupDependencies {
  readonly open: (accept: (topic: string) => boolean) => SelectiveSubscription;
  /** The journals cannot be read. */
  readonly onFailure: (error: unknown) => void;
}

interface Member {
  readonly session: MqttSession;
  readonly subscription: MqttSubscription;
  /** Waits for room; one wait at a time. */
  waiting: Promise<void> | null;
}

/**
 * Clients that share a filter: each message goes to one of them that is there and has room, in turn. Their place in the
 * journals is one, and outlives the agent. Within a node: other nodes have groups of their own.
 */
export class SharedGroup {
  readonly #view: SelectiveSubscription;
  readonly #members = new Map<string, Member>();
  readonly #ledger = new DeliveryLedger();
  readonly #feeding: Promise<void>;
  #turn = 0;
  #changed = Promise.withResolvers<void>();
  #closed = false;

  /** `open` makes the view on the mesh. */
  constructor(filter: string, { open, onFailure }: SharedGroupDependencies) {
    const parsed = TopicFilter.parse(filter);
    this.#view = open((topic) => parsed.ok && parsed.value.matches(topic));
    this.#feeding = this.#feed().catch(onFailure);
  }

  get size(): number {
    return this.#members.size;
  }

  /** Resolves once the group would survive a crash. */
  ready(): Promise<void> {
    return this.#view.ready();
  }

  join(session: MqttSession, subscription: MqttSubscription): void {
    this.#members.set(session.clientId, { session, subscription, waiting: null });
    this.wake();
  }

  leave(session: MqttSession): void {
    if (this.#members.get(session.clientId)?.session === session) this.#members.delete(session.clientId);
  }

  /** A member has come, or has something to give back. */
  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
    await this.#acknowledge();
    await this.#view.close();
    await this.#feeding;
  }

  async #feed(): Promise<void> {
    while (await this.#hasMember()) {
      for (const delivery of await this.#view.take(BATCH_MAX)) {
        const number = this.#ledger.take();
        if (delivery.kind === 'message') await this.#give(delivery, number);
        else this.#ledger.done(number);
      }
      await this.#acknowledge();
    }
  }

  async #give(message: DeliveredMessage, number: number): Promise<void> {
    while (await this.#hasMember()) {
      const member = this.#next();
      if (member === null) continue;
      member.session.sendShared(message, member.subscription, {
        done: () => this.#ledger.done(number),
        // MQTT-4.8.2-5: the session of its client ended before it acknowledged it.
        lost: () => void this.#give(message, number),
      });
      return;
    }
  }

  /** The next member that has room. */
  #next(): Member | null {
    const members = [...this.#members.values()];
    for (let tried = 0; tried < members.length; tried++) {
      const member = members[this.#turn++ % members.length]!;
      if (member.session.hasRoom) return member;
    }
    return null;
  }

  /** Waits until a member has room; `false` once the group is closed. */
  async #hasMember(): Promise<boolean> {
    while (!this.#closed) {
      const members = [...this.#members.values()];
      if (members.some(({ session }) => session.hasRoom)) return true;
      const waits = members.flatMap((member) => {
        // One whose connection is ending would be ready at once, again and again.
        if (member.session.link?.open !== true) return [];
        member.waiting ??= member.session.whenReady().finally(() => {
          member.waiting = null;
        });
        return [member.waiting];
      });
      await Promise.race([this.#changed.promise, ...waits]);
    }
    return false;
  }

  async #acknowledge(): Promise<void> {
    const settled = this.#ledger.settle();
    // What cannot be kept is given again after a crash.
    if (settled > 0) await this.#view.acknowledge(settled).catch(() => {});
  }
}
