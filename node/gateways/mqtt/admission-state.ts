import type { GatewayCount } from './gateway-counters.ts';
import { RateLimit } from './rate-limit.ts';

/** Options of {@link AdmissionState}; see `MqttOptions`. */
export interface AdmissionOptions {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly connectionsPerSecondMax: number;
  readonly halfOpenMax: number;
  readonly halfOpenBytesMax: number;
}

/** Seconds' worth of connections that may come at once: all clients of a node that was away come back together. */
const BURST_SECONDS = 4;

/** What is known of a connection. */
interface Opened {
  readonly network: string | null;
  /** What it sent before its CONNECT was whole; `null` once that came. */
  halfOpenBytes: number | null;
}

/** Which connections are taken, and which of those that have not said who they are must go. Pure. */
export class AdmissionState<C> {
  readonly #options: AdmissionOptions;
  readonly #rate: RateLimit;
  readonly #opened = new Map<C, Opened>();
  readonly #perNetwork = new Map<string, number>();
  /** The oldest first. */
  readonly #halfOpen = new Set<C>();
  #halfOpenBytes = 0;

  constructor(options: AdmissionOptions, nowMs: number) {
    this.#options = options;
    const perSecond = options.connectionsPerSecondMax;
    this.#rate = new RateLimit({ perSecond, burst: perSecond * BURST_SECONDS }, nowMs);
  }

  /** What to count if a connection from an address is not taken; `null` if it is. */
  refusalOf(address: string | undefined, nowMs: number): GatewayCount | null {
    const network = networkOf(address);
    const { connectionsMax, connectionsPerAddressMax } = this.#options;
    if (this.#opened.size >= connectionsMax) return 'connectionsOverTotal';
    if (network !== null && (this.#perNetwork.get(network) ?? 0) >= connectionsPerAddressMax)
      return 'connectionsOverAddress';
    return this.#rate.allows(nowMs) ? null : 'connectionsOverRate';
  }

  /** A connection was taken. Those that have to make room for it. */
  opened(connection: C, address: string | undefined): C[] {
    this.#rate.take();
    const network = networkOf(address);
    if (network !== null) this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    this.#opened.set(connection, { network, halfOpenBytes: 0 });
    this.#halfOpen.add(connection);
    return this.#surplus();
  }

  /** So many bytes of it wait for the rest of its CONNECT. Those that have to make room. */
  buffered(connection: C, bytes: number): C[] {
    const opened = this.#opened.get(connection);
    if (opened === undefined || opened.halfOpenBytes === null) return [];
    this.#halfOpenBytes += bytes - opened.halfOpenBytes;
    opened.halfOpenBytes = bytes;
    return this.#surplus();
  }

  /** Its CONNECT came. */
  introduced(connection: C): void {
    const opened = this.#opened.get(connection);
    if (opened === undefined) return;
    this.#halfOpen.delete(connection);
    this.#halfOpenBytes -= opened.halfOpenBytes ?? 0;
    opened.halfOpenBytes = null;
  }

  closed(connection: C): void {
    this.introduced(connection);
    const network = this.#opened.get(connection)?.network ?? null;
    this.#opened.delete(connection);
    if (network === null) return;
    const left = (this.#perNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#perNetwork.delete(network);
    else this.#perNetwork.set(network, left);
  }

  /** The oldest go: an honest client sends its CONNECT at once. */
  #surplus(): C[] {
    const { halfOpenMax, halfOpenBytesMax } = this.#options;
    const surplus: C[] = [];
    for (const connection of this.#halfOpen) {
      if (this.#halfOpen.size <= halfOpenMax && this.#halfOpenBytes <= halfOpenBytesMax) break;
      surplus.push(connection);
      this.introduced(connection);
    }
    return surplus;
  }
}

/**
 * Whose an address is: that of IPv4 itself, of IPv6 the network of 64 bits, as who has one address there has all of
 * them. `null` for this machine: behind a reverse proxy all clients have its address.
 */
export function networkOf(address: string | undefined): string | null {
  const text = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (text === '' || text === '::1' || text.startsWith('127.')) return null;
  if (!text.includes(':')) return text;
  const [head, tail] = text.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros =
    tail === undefined ? [] : new Array<string>(Math.max(0, 8 - head!.length - tail.length)).fill('0');
  const groups = [...head!, ...zeros, ...(tail ?? [])];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
