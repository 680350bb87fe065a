/** What the HTTP API counts by itself; refusals are counted by the code of their error beside these. */
const NAMES = [
  'requests',
  'connections',
  'connectionsOverTotal',
  'connectionsOverAddress',
  'connectionsMalformed',
  'connectionsTimedOut',
  'connectionsStalled',
  'messagesIn',
  'messagesOut',
  'streams',
  'streamsBehind',
  'streamsUnauthorized',
] as const;

export type HttpCount = (typeof NAMES)[number];

/** Counters of the HTTP API, from its start on. */
export class HttpCounters {
  readonly #counts = new Map<string, number>(NAMES.map((name) => [name, 0]));

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
