/** What happens on a serial port, for people who look. More kinds may come. */
export interface MonitorEvent {
  readonly kind: string;
  readonly atMs: number;
  readonly port: string;
  readonly device?: string | null;
  readonly [field: string]: unknown;
}

/** Which events a monitor wants; all where nothing is given. */
export interface MonitorFilter {
  readonly port?: string;
  /** Name or id. */
  readonly device?: string;
}

/** Events that wait for a slow reader; more are left out, and an event of kind `left-out` says how many. */
const WAITING_MAX = 1_024;

class Monitor implements AsyncIterableIterator<MonitorEvent> {
  readonly wants: (event: MonitorEvent) => boolean;
  readonly #onReturn: (monitor: Monitor) => void;
  readonly #waiting: MonitorEvent[] = [];
  #leftOut = 0;
  #ended = false;
  #asked: ((result: IteratorResult<MonitorEvent, undefined>) => void)[] = [];

  constructor(wants: (event: MonitorEvent) => boolean, onReturn: (monitor: Monitor) => void) {
    this.wants = wants;
    this.#onReturn = onReturn;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<MonitorEvent, undefined>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#asked.push(resolve));
  }

  /** Ends it, also for those who wait. */
  return(): Promise<IteratorResult<MonitorEvent, undefined>> {
    this.end();
    this.#onReturn(this);
    return Promise.resolve({ done: true, value: undefined });
  }

  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
    for (const resolve of this.#asked.splice(0)) resolve({ done: true, value: undefined });
  }

  tell(event: MonitorEvent): void {
    const asked = this.#asked.shift();
    if (asked !== undefined) asked({ done: false, value: event });
    else if (this.#waiting.length >= WAITING_MAX) this.#leftOut++;
    else this.#keep(event);
  }

  #keep(event: MonitorEvent): void {
    const { atMs, port } = event;
    if (this.#leftOut > 0) this.#waiting.push({ kind: 'left-out', atMs, port, count: this.#leftOut });
    this.#leftOut = 0;
    this.#waiting.push(event);
  }
}

/** Hands what happens to everybody who looks, and costs next to nothing while nobody does. */
export class MonitorHub {
  readonly #monitors = new Set<Monitor>();
  readonly #onWatched: (isWatched: boolean) => void;

  /** `onWatched`: the first one looks, or the last one does no more. */
  constructor(onWatched: (isWatched: boolean) => void = () => {}) {
    this.#onWatched = onWatched;
  }

  /** Somebody looks: events are worth making. */
  get isWatched(): boolean {
    return this.#monitors.size > 0;
  }

  tell(event: MonitorEvent): void {
    for (const monitor of this.#monitors) if (monitor.wants(event)) monitor.tell(event);
  }

  open(wants: (event: MonitorEvent) => boolean): AsyncIterableIterator<MonitorEvent> {
    const monitor = new Monitor(wants, (ended) => {
      if (this.#monitors.delete(ended) && !this.isWatched) this.#onWatched(false);
    });
    this.#monitors.add(monitor);
    if (this.#monitors.size === 1) this.#onWatched(true);
    return monitor;
  }

  /** Ends all. */
  stop(): void {
    for (const monitor of this.#monitors) monitor.end();
    this.#monitors.clear();
  }
}
