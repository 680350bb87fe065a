/** What the HTTP API counts by itself; refusals are counted by the code of their error beside these. */
export type HttpCount = 'requests' | 'connections' | 'connectionsRefused' | 'messagesIn' | 'messagesOut';

/** Counters of the HTTP API, from its start on. */
export class HttpCounters {
  readonly #counts = new Map<string, number>();

  constructor() {
    for (const name of ['requests', 'connections', 'connectionsRefused', 'messagesIn', 'messagesOut'])
      this.#counts.set(name, 0);
  }

  count(name: HttpCount, by = 1): void {
    this.#add(name, by);
  }

  /** A request was refused with an error of this code. */
  countRefusal(code: string): void {
    this.#add(code, 1);
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  #add(name: string, by: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }
}
