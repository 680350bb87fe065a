import {
  type ChannelDeclaration,
  createRealm,
  grantNode,
  Identity,
  makeRecord,
  type RealmAnchor,
  type RealmDirectory,
} from '../../src/index.ts';
import { SeededRandom } from './seeded-random.ts';

/** The realm of a simulated mesh, with its root, and what a seed decides: keys, names, chance. */
export class MeshFoundation {
  readonly seed: string;
  readonly anchor: RealmAnchor;
  readonly #root: Identity;
  readonly #record: Uint8Array;
  readonly #startMs: number;

  constructor(options: {
    readonly seed: string | number;
    readonly channels: readonly ChannelDeclaration[];
    readonly startMs: number;
  }) {
    this.seed = String(options.seed);
    this.#startMs = options.startMs;
    const { anchor, root } = createRealm({ name: 'simulated', randomBytes: this.random('realm').bytes });
    this.anchor = anchor;
    this.#root = root;
    this.#record = makeRecord({
      anchor,
      issuer: root,
      version: 1,
      name: 'simulated',
      channels: options.channels,
      shards: 1,
      issuedAtMs: options.startMs,
    });
  }

  /** The chance of one part of the simulation. */
  random(part: string): SeededRandom {
    return new SeededRandom(`${this.seed} ${part}`);
  }

  /** The key that belongs to a name. */
  identity(name: string): Identity {
    return Identity.generate(this.random(`key ${name}`).bytes);
  }

  /** Grants of a key in the realm. */
  grant(identity: Identity, name: string, role: 'member' | 'admin' = 'member'): readonly Uint8Array[] {
    const { anchor } = this;
    const subject = identity.publicKey;
    return grantNode({ anchor, issuer: this.#root, subject, name, role, issuedAtMs: this.#startMs });
  }

  /** What the directory of a node says. */
  place(name: string, role: 'member' | 'admin'): RealmDirectory {
    const identity = this.identity(name);
    const admin = role === 'admin';
    return {
      directory: '/node',
      identity,
      anchor: this.anchor,
      chain: this.grant(identity, name, role),
      addresses: [],
      nodeName: name,
      root: admin ? this.#root : null,
      record: admin ? this.#record : null,
    };
  }
}
