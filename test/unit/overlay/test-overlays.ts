import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counters, type Log, silentLog } from '../../../src/errors/index.ts';
import {
  type AddressBookRow,
  Libp2pOverlay,
  type OverlayDependencies,
  type OverlayOptions,
} from '../../../src/overlay/index.ts';

/** The realm of tests: seeds, secret and id follow from texts, so that runs are alike. */
export const TEST_REALM = '00112233445566778899aabbccddeeff';

/** 32 bytes that follow from a text. */
export function bytesOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** An address book in memory that tells what was saved. */
export class MemoryAddressBook {
  rows: readonly AddressBookRow[];
  saves = 0;

  constructor(rows: readonly AddressBookRow[] = []) {
    this.rows = rows;
  }

  async load(): Promise<readonly AddressBookRow[]> {
    return this.rows;
  }

  async save(rows: readonly AddressBookRow[]): Promise<void> {
    this.rows = rows;
    this.saves++;
  }
}

const shownLog: Log = { ...silentLog, warn: console.warn, error: console.error };

/** Overlays on loopback that are stopped together. */
export class TestOverlays {
  readonly #overlays = new Set<Libp2pOverlay>();
  readonly #world = `${process.pid}-${performance.now()}`;
  #count = 0;

  /** A started overlay on a port of loopback. */
  async start(
    options: Partial<OverlayOptions> = {},
    deps: Partial<OverlayDependencies> = {},
  ): Promise<Libp2pOverlay> {
    const overlay = this.make(options, deps);
    await overlay.start();
    return overlay;
  }

  /** An overlay that is not started yet. */
  make(options: Partial<OverlayOptions> = {}, deps: Partial<OverlayDependencies> = {}): Libp2pOverlay {
    const overlay = new Libp2pOverlay(
      {
        seed: bytesOf(`${this.#world} ${this.#count++}`),
        networkSecret: bytesOf('network secret'),
        realmId: TEST_REALM,
        listen: ['/ip4/127.0.0.1/tcp/0'],
        mdns: false,
        ...options,
      },
      {
        log: process.env.SEDGE_TEST_LOG === undefined ? silentLog : shownLog,
        counters: new Counters(),
        nowMs: () => Date.now(),
        random: () => Math.random(),
        addressBook: new MemoryAddressBook(),
        ...deps,
      },
    );
    this.#overlays.add(overlay);
    return overlay;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#overlays].map((overlay) => overlay.stop()));
    this.#overlays.clear();
  }
}

/** Polls until the condition holds; fails with the sentence after the time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  sentence: string | (() => string),
  ms = 10_000,
): Promise<void> {
  const endMs = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() > endMs)
      throw new Error(`not within ${ms} ms: ${typeof sentence === 'string' ? sentence : sentence()}`);
    await sleep(5);
  }
}

/** Connects two overlays and waits until both call the other up. */
export async function connectPair(a: Libp2pOverlay, b: Libp2pOverlay, address?: string): Promise<void> {
  a.want(address ?? b.addresses()[0]!, 'given');
  await until(() => isUp(a, b) && isUp(b, a), 'the pair is connected');
}

/** True if `a` has a connection to `b` now. */
export function isUp(a: Libp2pOverlay, b: Libp2pOverlay): boolean {
  return a.peers().some((peer) => peer.node === b.self && peer.connected);
}

/** Collects the texts gossiped on a topic. */
export function collect(overlay: Libp2pOverlay, topic: string): string[] {
  const texts: string[] = [];
  overlay.join(topic, (data) => {
    texts.push(Buffer.from(data).toString());
    return 'accept';
  });
  return texts;
}

let probes = 0;

/** Publishes until a text arrives: true if gossip flows this way within the time. */
export async function flows(from: Libp2pOverlay, texts: string[], topic: string, ms: number): Promise<void> {
  const prefix = `probe ${probes++} `;
  let sent = 0;
  await until(
    async () => {
      from.publish(topic, Buffer.from(`${prefix}${sent++}`));
      await sleep(20);
      return texts.some((text) => text.startsWith(prefix));
    },
    'gossip flows',
    ms,
  );
}
