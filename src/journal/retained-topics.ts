import { isLaterValue, type RetainedValue } from './retained-values.ts';

/** Topics of a channel whose retained value survives retention; what more there are is dropped with its segment. */
export const RETAINED_TOPICS_MAX = 32_768;

interface Topic {
  last: RetainedValue;
  /** Segments in which the topic has a retained value. */
  segments: number;
}

/** Which entries of a journal hold a topic's last retained value: those survive the drop of their segment. */
export class RetainedTopics {
  readonly #topics = new Map<string, Topic>();
  #turnedAway = 0;

  /** Values of topics over the limit: they do not survive. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** True if a value of the topic is known. */
  knows(topic: string): boolean {
    return this.#topics.has(topic);
  }

  /** The last value of each topic, in no order; those that clear it are left out. */
  values(): RetainedValue[] {
    return [...this.#topics.values()].flatMap(({ last }) => (last.clears ? [] : [last]));
  }

  /** Takes up a value; `newInSegment` if its segment had none of the topic. */
  add(value: RetainedValue, newInSegment: boolean): void {
    const topic = this.#topics.get(value.topic);
    if (topic === undefined) {
      if (this.#topics.size >= RETAINED_TOPICS_MAX) this.#turnedAway++;
      else this.#topics.set(value.topic, { last: value, segments: 1 });
      return;
    }
    if (newInSegment) topic.segments++;
    if (isLaterValue(value, topic.last)) topic.last = value;
  }

  /** Takes up all of a segment. */
  addSegment(values: Iterable<RetainedValue>): void {
    for (const value of values) this.add(value, true);
  }

  /** Forgets a segment. */
  removeSegment(values: Iterable<RetainedValue>): void {
    for (const value of values) {
      const topic = this.#topics.get(value.topic);
      if (topic === undefined) continue;
      topic.segments--;
      if (topic.segments <= 0 || topic.last.position === value.position) this.#topics.delete(value.topic);
    }
  }

  /**
   * True if the value is the last of its topic. One that clears the topic is kept only while an older value
   * lies in another segment: without it that one would come to life again.
   */
  isKept(value: RetainedValue): boolean {
    const topic = this.#topics.get(value.topic);
    if (topic === undefined || topic.last.position !== value.position) return false;
    return topic.last.seq === value.seq && (!value.clears || topic.segments > 1);
  }
}
