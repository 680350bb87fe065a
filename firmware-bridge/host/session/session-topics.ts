import type { DeviceFacts, DeviceTopic, KnownDevice } from './device-facts.ts';
import { decodeTopic } from './record-values.ts';
import type { SessionEffect } from './session-events.ts';
import { crcOfTopics } from './topics-crc.ts';

/** So long after a registration that was not announced the topics are told of anew. */
const SETTLE_MS = 500;
/** So long the announced ones may take, over a line that loses most of them. */
const ANNOUNCED_MS = 10_000;

/** What a device registered: from the book while its CRC says that nothing changed, else as it comes. */
export class SessionTopics {
  readonly #facts: DeviceFacts;
  readonly #topics = new Map<number, DeviceTopic>();
  /** Whether the device is to be asked for its topics. */
  readonly isWanted: boolean;
  #isComplete: boolean;
  #settleAtMs: number | null = null;

  constructor(facts: DeviceFacts, known: KnownDevice) {
    this.#facts = facts;
    this.isWanted = known.topicsCrc !== facts.topicsCrc || crcOfTopics(known.topics) !== facts.topicsCrc;
    this.#isComplete = !this.isWanted;
    if (!this.isWanted) for (const topic of known.topics) this.#topics.set(topic.id, topic);
  }

  /** All that there is; `null` while they come. */
  get all(): readonly DeviceTopic[] | null {
    return this.#isComplete ? [...this.#topics.values()] : null;
  }

  get wakeAtMs(): number | null {
    return this.#settleAtMs;
  }

  reading(id: number): DeviceTopic | null {
    const topic = this.#topics.get(id);
    return topic?.kind === 'reading' ? topic : null;
  }

  command(name: string): DeviceTopic | null {
    for (const topic of this.#topics.values()) {
      if (topic.kind === 'command' && topic.name === name) return topic;
    }
    return null;
  }

  /** Takes a REGISTER; false if it is none. */
  register(value: Uint8Array, nowMs: number): boolean {
    const topic = decodeTopic(value);
    if (topic === null) return false;
    this.#topics.set(topic.id, topic);
    const isWhole = crcOfTopics(this.#topics.values()) === this.#facts.topicsCrc;
    this.#settleAtMs = isWhole ? nowMs : nowMs + (this.#isComplete ? SETTLE_MS : ANNOUNCED_MS);
    return true;
  }

  /** The topics, once they are complete. */
  due(nowMs: number): SessionEffect | null {
    if (this.#settleAtMs === null || nowMs < this.#settleAtMs) return null;
    this.#settleAtMs = null;
    this.#isComplete = true;
    const topics = [...this.#topics.values()];
    return { kind: 'topics', deviceId: this.#facts.id, topics, topicsCrc: crcOfTopics(topics) };
  }
}
