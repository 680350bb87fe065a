/** Messages of the broker that are remembered. */
const KEPT_MAX = 4_096;

/**
 * Which messages of the broker's session came into the mesh, by any node. All nodes with the bridge share one session,
 * so that a packet that the broker sends again has the packet id that it had at the node before; with the same
 * content it is the same message.
 */
export class RedeliveryState {
  readonly #authors = new Map<string, string>();

  /** A message is in the mesh, by an author. Returns whether another author has brought it too. */
  note(bridgeId: string, author: string): boolean {
    const before = this.#authors.get(bridgeId);
    this.#authors.delete(bridgeId);
    this.#authors.set(bridgeId, author);
    if (this.#authors.size > KEPT_MAX) this.#authors.delete(this.#authors.keys().next().value!);
    return before !== undefined && before !== author;
  }

  /** Whether a packet marked as sent again is in the mesh already. */
  has(bridgeId: string): boolean {
    return this.#authors.has(bridgeId);
  }

  /** The broker has begun a new session: what had which packet id says nothing any more. */
  clear(): void {
    this.#authors.clear();
  }
}
