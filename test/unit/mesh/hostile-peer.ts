import { Identity } from '../../../src/identity/index.ts';
import type { OverlayStream } from '../../../src/overlay/index.ts';
import { grantNode } from '../../../src/realm/index.ts';
import { SYNC_DATA_PROTOCOL, SYNC_PROTOCOL } from '../../../src/sync/index.ts';
import {
  type ControlFrame,
  decodeControlFrame,
  decodeDataFrame,
  encodeControlFrame,
  encodeDataFrame,
} from '../../../src/sync/sync-frames.ts';
import type { MemoryOverlay } from '../../contract/memory-network.ts';
import type { MeshWorld, WorldNode } from './mesh-world.ts';

/** What a hostile peer does with what it hears. */
export interface HostileScript {
  /** Chain that it shows. @defaultValue its own grant */
  readonly chain?: readonly Uint8Array[];
  /** Version of the protocol that it claims to speak. @defaultValue 1 */
  readonly version?: number;
  /** First bytes on the control stream in place of a grant. */
  readonly opening?: Uint8Array;
  /** It hears nothing more until what this returns is done. */
  readonly onControl?: (frame: ControlFrame, stream: OverlayStream) => void | Promise<void>;
  /** Answers a request for entries. @defaultValue says that it has sent all */
  readonly onRequest?: (stream: OverlayStream) => Promise<void>;
}

/** A peer that speaks the sync protocol as it likes. */
export class HostilePeer {
  readonly identity: Identity;
  readonly overlay: MemoryOverlay;
  readonly chain: readonly Uint8Array[];
  /** Frames that it got, by kind. */
  readonly heard = new Map<string, number>();
  sessions = 0;
  ended = 0;
  readonly #script: HostileScript;

  constructor(world: MeshWorld, script: HostileScript, identity = Identity.generate()) {
    this.identity = identity;
    this.#script = script;
    this.overlay = world.network.make(identity.nodeId);
    const { anchor, root } = world;
    this.chain = grantNode({ anchor, issuer: root, subject: identity.publicKey, name: 'mallory' });
    this.overlay.handle(SYNC_PROTOCOL, (stream) => this.#converse(stream));
    this.overlay.handle(SYNC_DATA_PROTOCOL, (stream) => this.#serve(stream));
  }

  async meet(node: WorldNode): Promise<void> {
    this.overlay.onPeer(({ kind, node: peer }) => {
      if (kind !== 'up' || this.overlay.self > peer) return;
      this.overlay.open(peer, SYNC_PROTOCOL).then(
        (stream) => this.#converse(stream),
        () => {},
      );
    });
    await this.overlay.start();
    this.overlay.want(node.overlay.addresses()[0]!, 'given');
  }

  /** Opens a data stream to a node, past its grant or not. */
  dataStream(node: WorldNode): Promise<OverlayStream> {
    return this.overlay.open(node.mesh.node, SYNC_DATA_PROTOCOL);
  }

  count(kind: string): number {
    return this.heard.get(kind) ?? 0;
  }

  async #converse(stream: OverlayStream): Promise<void> {
    this.sessions++;
    const chain = this.#script.chain ?? this.chain;
    const opening =
      this.#script.opening ??
      encodeControlFrame({ kind: 'grant', version: this.#script.version ?? 1, chain });
    try {
      await stream.send(opening);
      for await (const bytes of stream.frames) {
        const frame = decodeControlFrame(bytes);
        if (!frame.ok) continue;
        this.heard.set(frame.value.kind, this.count(frame.value.kind) + 1);
        await this.#script.onControl?.(frame.value, stream);
      }
    } catch {
      // Thrown out.
    }
    this.ended++;
  }

  async #serve(stream: OverlayStream): Promise<void> {
    try {
      for await (const bytes of stream.frames) {
        const frame = decodeDataFrame(bytes);
        if (!frame.ok || frame.value.kind !== 'request') continue;
        this.heard.set('request', this.count('request') + 1);
        if (this.#script.onRequest !== undefined) await this.#script.onRequest(stream);
        else {
          await stream.send(encodeDataFrame({ kind: 'done', withheld: [] }));
          await stream.close();
        }
      }
    } catch {
      // Thrown out.
    }
  }
}

/** A hello with a root of its own. */
export function hello(root: string): Uint8Array {
  return encodeControlFrame({
    kind: 'hello',
    storeId: '00'.repeat(8),
    channels: [{ channel: 'main', root, offset: null, seen: null }],
  });
}
