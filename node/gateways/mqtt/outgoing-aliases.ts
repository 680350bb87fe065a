/** What stands for a topic towards a client: its topic, its alias or both. */
export interface AliasedTopic {
  readonly topic: string;
  readonly alias: number | null;
  /** The client has to hear of both first: `keep` when that was sent. */
  readonly isNew: boolean;
}

/** Topic aliases towards a client of MQTT 5: the first topics get one each, as long as there are some. Pure. */
export class OutgoingAliases {
  readonly #max: number;
  readonly #aliases = new Map<string, number>();

  /** `max`: how many the client takes. */
  constructor(max: number) {
    this.#max = max;
  }

  /** What to send for a topic. */
  of(topic: string): AliasedTopic {
    const known = this.#aliases.get(topic);
    if (known !== undefined) return { topic: '', alias: known, isNew: false };
    if (this.#aliases.size >= this.#max) return { topic, alias: null, isNew: false };
    return { topic, alias: this.#aliases.size + 1, isNew: true };
  }

  /** The client was told of it. */
  keep(topic: string, alias: number): void {
    this.#aliases.set(topic, alias);
  }
}
