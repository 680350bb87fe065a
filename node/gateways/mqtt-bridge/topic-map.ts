import { TopicFilter } from '../../../src/index.ts';
import { rewriteTopic, type TopicRule } from './topic-rule.ts';

/** The rules of one direction; the first that matches counts. */
export class TopicMap {
  readonly #rules: readonly { readonly rule: TopicRule; readonly filter: TopicFilter }[];

  /** The filters have been checked. */
  constructor(rules: readonly TopicRule[]) {
    this.#rules = rules.map((rule) => {
      const parsed = TopicFilter.parse(rule.filter);
      if (!parsed.ok) throw new Error(`bug: the filter ${rule.filter} was checked`);
      return { rule, filter: parsed.value };
    });
  }

  /** Whether a rule takes the topic. */
  wants(topic: string): boolean {
    return this.#rules.some(({ filter }) => filter.matches(topic));
  }

  /** The topic on the other side; `null` if no rule takes it. It may break a topic's rules. */
  map(topic: string): string | null {
    const found = this.#rules.find(({ filter }) => filter.matches(topic));
    return found === undefined ? null : rewriteTopic(found.rule, topic);
  }
}
