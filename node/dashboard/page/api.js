const TOKEN_KEY = 'sedge.token';

/** What the API refused, in its words. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, message?: string, next?: string }} error
   */
  constructor(status, { code = 'agent.internal', message = 'the agent gave no reason', next = '' }) {
    super(message);
    this.status = status;
    this.code = code;
    this.next = next;
  }

  /** A token is missing, unknown or may not do this. */
  get isAboutToken() {
    return this.status === 401 || this.status === 403;
  }
}

/** The agent's HTTP API. The token is kept for this tab alone, and is gone with it. */
export class Api {
  /** @type {string | null} */
  #token = sessionStorage.getItem(TOKEN_KEY);

  get hasToken() {
    return this.#token !== null;
  }

  /** @param {string | null} token */
  setToken(token) {
    this.#token = token;
    if (token === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  }

  /**
   * @param {string} path
   * @returns {Promise<any>}
   */
  async get(path) {
    return (await this.open(path)).json();
  }

  /**
   * @param {string} path
   * @param {unknown} body
   * @returns {Promise<any>}
   */
  async post(path, body) {
    const headers = { 'content-type': 'application/json' };
    return (await this.open(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  }

  /**
   * A response whose status is good; throws {@link ApiError} for another.
   * @param {string} path
   * @param {RequestInit} [init]
   */
  async open(path, init = {}) {
    const headers = {
      ...init.headers,
      ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    const response = await fetch(path, { ...init, headers, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return response;
    const { error = {} } = await response.json().catch(() => ({}));
    throw new ApiError(response.status, error);
  }
}
