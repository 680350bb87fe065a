import type { Overlay, OverlayStream } from '../../src/index.ts';
import type { SeededRandom } from '../world/seeded-random.ts';
import { rawCbor, type Writable } from './raw-frames.ts';

/** Ways to be a bad neighbour. */
export type Hostility = 'lies' | 'pushes' | 'floods' | 'babbles';

const CONTROL = '/sedge/sync/1';
const DATA = '/sedge/sync-data/1';
const FLOOD_EVERY_MS = 40;

/**
 * A host that has a grant and does what it likes with it: `lies` about heads that it never serves, other ones each time;
 * `pushes` entries that nobody asked for, and garbage; `floods` the gossip with garbage and with all that it ever heard; `babbles` on
 * the control stream: deep CBOR, lengths that are not there, nonsense.
 */
export class HostileNeighbour {
  /** What it did to others. */
  acts = 0;
  readonly #overlay: Overlay;
  readonly #chain: readonly Uint8Array[];
  readonly #kind: Hostility;
  readonly #random: SeededRandom;
  readonly #topic: string;
  readonly #heard: Uint8Array[] = [];

  constructor(
    host: { readonly overlay: Overlay; readonly chain: readonly Uint8Array[]; readonly realmId: string },
    kind: Hostility,
    random: SeededRandom,
  ) {
    this.#overlay = host.overlay;
    this.#chain = host.chain;
    this.#kind = kind;
    this.#random = random;
    this.#topic = `/sedge/1/${host.realmId}/0`;
    const { overlay } = host;
    overlay.join(this.#topic, (data) => {
      if (this.#heard.length < 200) this.#heard.push(data.slice());
      return 'ignore';
    });
    overlay.handle(CONTROL, (stream) => this.#converse(stream));
    overlay.handle(DATA, (stream) => this.#serve(stream));
    overlay.onPeer(({ kind: what, node }) => {
      if (what === 'up')
        overlay.open(node, CONTROL).then(
          (stream) => this.#converse(stream),
          () => {},
        );
    });
    if (kind === 'floods') this.#flood();
  }

  async #converse(stream: OverlayStream): Promise<void> {
    try {
      await stream.send(rawCbor([0, 1, this.#chain]));
      await this.#say(stream);
      for await (const frame of stream.frames) {
        if (frame.length > 0) await this.#say(stream);
        // A grain of patience, or it would talk to itself for ever in one moment.
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } catch {
      // Thrown out.
    }
  }

  async #say(stream: OverlayStream): Promise<void> {
    this.acts++;
    const root = this.#random.bytes(16);
    if (this.#kind === 'babbles') {
      const nonsense = [
        new Uint8Array(40_000).fill(0x81),
        this.#random.bytes(300),
        rawCbor([3, 'main', 2 ** 40]),
      ];
      await stream.send(nonsense[this.acts % nonsense.length]!);
      return;
    }
    await stream.send(rawCbor([1, this.#random.bytes(8), [['main', root, null, 0, null, 0]]]));
    const heads = Array.from(
      { length: 50 },
      (): Writable => [
        this.#random.bytes(32),
        this.#random.bytes(8),
        2 ** 47 - this.#random.below(1_000),
        this.#random.bytes(16),
        Array.from({ length: 100 }, (_, n) => n + 1),
      ],
    );
    await stream.send(rawCbor([3, 'main', root, true, true, null, 0, heads]));
  }

  async #serve(stream: OverlayStream): Promise<void> {
    try {
      for await (const _frame of stream.frames) {
        this.acts++;
        const junk = this.#kind === 'pushes' ? [...this.#heard.slice(-20), this.#random.bytes(5_000)] : [];
        if (junk.length > 0) await stream.send(rawCbor([2, junk.map((bytes): Writable => [0, bytes])]));
        else await new Promise((resolve) => setTimeout(resolve, 20_000));
        await stream.send(rawCbor([3]));
      }
    } catch {
      // Thrown out.
    }
  }

  #flood(): void {
    setTimeout(() => {
      this.acts++;
      const old = this.#heard[this.#random.below(Math.max(1, this.#heard.length))];
      // The last byte differs, so that the overlay takes it for new.
      const altered =
        old === undefined
          ? this.#random.bytes(1_000)
          : Uint8Array.from([...old.slice(0, -1), this.acts & 255]);
      this.#overlay.publish(this.#topic, this.acts % 2 === 0 ? this.#random.bytes(1_000) : altered);
      this.#flood();
    }, FLOOD_EVERY_MS);
  }
}
