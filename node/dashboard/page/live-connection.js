import { ApiError } from './api.js';

/** Longer silence than this is a broken line: the server says something every five seconds. */
const SILENCE_MS_MAX = 15_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 10_000;

/**
 * @typedef {'connecting' | 'live' | 'broken' | 'token'} ConnectionState
 * @typedef {Readonly<Record<string, any>>} LiveLine
 */

/**
 * The one stream that feeds the page. It comes back by itself after a cut and goes on where it was; what is watched can
 * change at any time.
 */
export class LiveConnection {
  #api;
  #onLine;
  #onState;
  /** @type {readonly string[]} */
  #watch = [];
  /** @type {string | null} */
  #at = null;
  /** @type {AbortController | null} */
  #abort = null;
  #retryMs = RETRY_MS_MIN;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import('./api.js').Api} api
   * @param {{ onLine: (line: LiveLine) => void, onState: (state: ConnectionState, reason: string) => void }} listeners
   */
  constructor(api, { onLine, onState }) {
    this.#api = api;
    this.#onLine = onLine;
    this.#onState = onState;
  }

  /** Connects anew, for good or until {@link stop}. */
  start() {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    void this.#run(abort);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  /**
   * Filters of which every message is wanted from now on.
   * @param {readonly string[]} filters
   */
  watch(filters) {
    if (
      filters.length === this.#watch.length &&
      filters.every((filter, index) => filter === this.#watch[index])
    )
      return;
    this.#watch = filters;
    if (this.#abort !== null) this.start();
  }

  /** @param {AbortController} abort */
  async #run(abort) {
    let reason = 'the agent ended the stream';
    try {
      const query = new URLSearchParams(this.#watch.map((filter) => ['watch', filter]));
      if (this.#at !== null) query.set('since', this.#at);
      const response = await this.#api.open(`/v1/live?${query}`, { signal: abort.signal });
      await this.#read(response, abort);
    } catch (error) {
      if (this.#abort !== abort) return;
      if (error instanceof ApiError && error.isAboutToken) {
        this.#onState('token', error.message);
        return;
      }
      reason = error instanceof ApiError ? error.message : 'the agent does not answer';
    }
    if (this.#abort !== abort) return;
    this.#onState('broken', reason);
    // Spread, so that many pages do not come back at once.
    this.#timer = setTimeout(() => this.start(), this.#retryMs * (0.75 + Math.random() / 2));
    this.#retryMs = Math.min(RETRY_MS_MAX, this.#retryMs * 2);
  }

  /**
   * @param {Response} response
   * @param {AbortController} abort
   */
  async #read(response, abort) {
    if (response.body === null) return;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), abort);
      if (done) return;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (this.#abort === abort) this.#take(JSON.parse(line));
    }
  }

  /** @param {LiveLine} line */
  #take(line) {
    if (line.live === 1) {
      this.#retryMs = RETRY_MS_MIN;
      this.#onState('live', '');
    }
    if (typeof line.at === 'string') this.#at = line.at;
    this.#onLine(line);
  }
}

/**
 * @template Value
 * @param {Promise<Value>} promise
 * @param {AbortController} abort
 * @returns {Promise<Value>}
 */
async function withinSilence(promise, abort) {
  const timer = setTimeout(() => abort.abort(new Error('silent')), SILENCE_MS_MAX);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
