import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { SedgeError } from '../../../src/errors/index.ts';
import { isLoopback } from '../../config/listen-address.ts';
import type { Caller, Callers } from './caller.ts';
import { ClientRates, type RateLeft } from './client-rates.ts';
import type { ResolvedHttpOptions } from './http-options.ts';
import { isForeignFetch, isOwnHost, isOwnOrigin } from './request-source.ts';

/** Seconds' worth of requests or messages that may come at once. */
const BURST_SECONDS = 4;

/** What every request passes before a route is looked for: where it comes from, who calls, how often. */
export class RequestGate {
  readonly #callers: Callers;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #requests: ClientRates;
  readonly #messages: ClientRates;
  readonly #nowMs: () => number;
  /** What a client may do, as `RateLimit-Policy` has it (draft-ietf-httpapi-ratelimit-headers). */
  readonly requestPolicy: string;

  constructor(options: ResolvedHttpOptions, callers: Callers, nowMs: () => number) {
    const { hosts, origins, requestsPerSecondMax, messagesPerSecondMax } = options;
    this.#callers = callers;
    const machine = hostname().toLowerCase();
    this.#hosts = new Set([machine, `${machine}.local`, ...hosts.map((host) => host.toLowerCase())]);
    this.#origins = new Set(origins);
    this.#requests = new ClientRates(ratesOf(requestsPerSecondMax));
    this.#messages = new ClientRates(ratesOf(messagesPerSecondMax));
    this.#nowMs = nowMs;
    this.requestPolicy = `"requests";q=${requestsPerSecondMax * BURST_SECONDS};w=${BURST_SECONDS}`;
  }

  /** Whether a page of another site, which was named to the node, may read an answer. */
  allowsOrigin(origin: string | undefined): origin is string {
    return origin !== undefined && this.#origins.has(origin);
  }

  /** Refuses pages of other sites. Throws `http.bad-host` and `http.bad-origin`. */
  checkSource({ headers }: IncomingMessage): void {
    const { host, origin } = headers;
    if (!isOwnHost(host, this.#hosts))
      throw new SedgeError('http.bad-host', { host: String(host).slice(0, 128) });
    if (!isOwnOrigin({ origin, host }, this.#origins))
      throw new SedgeError('http.bad-origin', { origin: String(origin).slice(0, 128) });
    if (origin === undefined && isForeignFetch(headers))
      throw new SedgeError('http.bad-origin', { site: String(headers['sec-fetch-site']).slice(0, 32) });
  }

  /** Who calls. Throws `http.bad-token`. */
  find(request: IncomingMessage): Promise<Caller> {
    return this.#callers.find(request, isLocal(request.socket));
  }

  isStillGood(caller: Caller): boolean {
    return this.#callers.isStillGood(caller);
  }

  /** Counts a request of a client. */
  takeRequest({ socket }: IncomingMessage): RateLeft {
    return this.#requests.take(networkOf(socket.remoteAddress), this.#nowMs());
  }

  /** Counts messages that a caller wants to publish. Throws `http.too-many-requests`. */
  takeMessages({ socket }: IncomingMessage, { token }: Caller, count: number): void {
    const client = token === null ? networkOf(socket.remoteAddress) : token.id;
    const { allowed, waitSeconds } = this.#messages.take(client, this.#nowMs(), count);
    if (!allowed) throw new SedgeError('http.too-many-requests', { what: 'messages', waitSeconds });
  }
}

/** True where both ends are on this machine. */
export function isLocal({ localAddress, remoteAddress }: Socket): boolean {
  return [localAddress, remoteAddress].every((address) => isLoopback({ host: plain(address) }));
}

/** An IPv4 address, or the network of 64 bits of an IPv6 one: who has one of those has all of it. */
export function networkOf(address: string | undefined): string {
  const text = plain(address);
  return text.includes(':') ? text.split(':').slice(0, 4).join(':') : text;
}

/** An IPv4 address may come as one of IPv6. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/i, '');
}

function ratesOf(perSecond: number) {
  return { perSecond, burst: perSecond * BURST_SECONDS };
}
