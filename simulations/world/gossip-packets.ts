import { createHash } from 'node:crypto';

/** For so long after it was first sent a message counts as seen, as in gossipsub. */
const SEEN_MS = 120_000;

/** A gossip message on its way through the network, once in memory, wherever it is. */
export interface GossipPacket {
  readonly data: Uint8Array;
  /** Bit n is set once the overlay of number n has seen the message. */
  seen: Uint32Array;
  readonly forgetAtMs: number;
}

/**
 * The gossip messages of the last two minutes. That one object stands for a message at all nodes keeps thousands of
 * nodes with their seen-sets in memory.
 */
export class GossipPackets {
  readonly #byId = new Map<string, GossipPacket>();

  /** The packet of some bytes; the same one for the same bytes. */
  of(data: Uint8Array, nowMs: number): GossipPacket {
    this.#forget(nowMs);
    const id = createHash('sha256').update(data).digest('base64');
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    // A copy: the sender may use its array again.
    const packet = { data: data.slice(), seen: new Uint32Array(2), forgetAtMs: nowMs + SEEN_MS };
    this.#byId.set(id, packet);
    return packet;
  }

  /** True if an overlay saw the message. */
  hasSeen(packet: GossipPacket, overlay: number): boolean {
    return ((packet.seen[overlay >>> 5] ?? 0) & (1 << (overlay & 31))) !== 0;
  }

  /** Notes that an overlay saw the message; `false` if it had before. */
  see(packet: GossipPacket, overlay: number): boolean {
    if (this.hasSeen(packet, overlay)) return false;
    const word = overlay >>> 5;
    if (word >= packet.seen.length) {
      const larger = new Uint32Array(word + 1 + (word >> 1));
      larger.set(packet.seen);
      packet.seen = larger;
    }
    packet.seen[word]! |= 1 << (overlay & 31);
    return true;
  }

  /** Packets are in order of time, as each is kept equally long. */
  #forget(nowMs: number): void {
    for (const [id, packet] of this.#byId) {
      if (packet.forgetAtMs > nowMs) return;
      this.#byId.delete(id);
    }
  }
}
