import type { DeliveredMessage } from '../../src/index.ts';
import type { AlertRule } from './alert-rule.ts';
import type { Observation } from './alerts-state.ts';
import { readFigure } from './read-figure.ts';

/** Topics that one rule follows; what is published on others is not looked at, and counted. */
export const TOPICS_MAX = 256;

/** What a rule of a topic has heard. */
export interface TopicWatch {
  hear(message: Pick<DeliveredMessage, 'topic' | 'payload'>, nowMs: number): void;
  look(nowMs: number): readonly Observation[];
}

/** Whether news still come: of one topic at least, or of each that was ever heard. */
export class NewsWatch implements TopicWatch {
  readonly #rule: AlertRule;
  readonly #startedMs: number;
  readonly #heardMs = new Map<string, number>();

  constructor(rule: AlertRule, nowMs: number) {
    this.#rule = rule;
    this.#startedMs = nowMs;
  }

  hear({ topic }: Pick<DeliveredMessage, 'topic'>, nowMs: number): void {
    const subject = this.#rule.each ? topic : this.#rule.topic!;
    if (this.#heardMs.has(subject) || this.#heardMs.size < TOPICS_MAX) this.#heardMs.set(subject, nowMs);
  }

  /** One that fired before a restart stays until news come: what it was silent before is not known any more. */
  look(nowMs: number): readonly Observation[] {
    const observed = [...this.#heardMs].map(([subject, heardMs]) => this.#observe(subject, nowMs - heardMs));
    const waited = nowMs - this.#startedMs;
    const none = !this.#rule.each && observed.length === 0 && waited >= this.#rule.forMs;
    return none ? [this.#observe(this.#rule.topic!, waited)] : observed;
  }

  #observe(subject: string, silentMs: number): Observation {
    return { subject, value: Math.floor(silentMs / 1_000), active: silentMs >= this.#rule.forMs };
  }
}

/** The figures of a rule's topics. */
export class FigureWatch implements TopicWatch {
  readonly #rule: AlertRule;
  readonly #last = new Map<string, number>();
  /** Between two looks the worst counts, or a short peak would be passed over. */
  readonly #worst = new Map<string, number>();
  #unreadable = 0;

  constructor(rule: AlertRule) {
    this.#rule = rule;
  }

  /** Payloads without a figure. */
  get unreadable(): number {
    return this.#unreadable;
  }

  hear({ topic, payload }: Pick<DeliveredMessage, 'topic' | 'payload'>): void {
    const figure = readFigure(payload, this.#rule.field);
    if (figure === null) {
      this.#unreadable++;
      return;
    }
    if (!this.#last.has(topic) && this.#last.size >= TOPICS_MAX) return;
    this.#last.set(topic, figure);
    const pick = this.#rule.limit?.side === 'below' ? Math.min : Math.max;
    this.#worst.set(topic, pick(figure, this.#worst.get(topic) ?? figure));
  }

  look(): readonly Observation[] {
    const observed = [...this.#last].map(([subject, last]) => ({
      subject,
      value: this.#worst.get(subject) ?? last,
    }));
    this.#worst.clear();
    return observed;
  }
}
