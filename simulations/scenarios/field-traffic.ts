import { isSedgeError, type Published, type PublishOptions } from '../../src/index.ts';
import type { SimulatedMesh } from '../world/simulated-mesh.ts';

/** Applications that publish: no two payloads are alike, so that each message can be told wherever it turns up. */
export class FieldTraffic {
  readonly #mesh: SimulatedMesh;
  #count = 0;
  /** Messages that were refused, or whose node went down meanwhile. */
  failed = 0;

  constructor(mesh: SimulatedMesh) {
    this.#mesh = mesh;
  }

  /** Publishes at a node; lets time pass until it is acknowledged. */
  say(node: string, topic = `site/${node}`, options: PublishOptions = {}): Promise<Published> {
    this.#count++;
    return this.#mesh.node(node).publish(topic, `${this.#count} by ${node}`, options);
  }

  /** Publishes at each of the nodes that run, one after the other. */
  async all(nodes: readonly string[], topic?: string, options?: PublishOptions): Promise<void> {
    for (const node of nodes) if (this.#mesh.node(node).running) await this.say(node, topic, options);
  }

  /** Publishes without waiting for it: it may be refused, and the node may go down. */
  start(node: string, topic?: string, options?: PublishOptions): void {
    this.say(node, topic, options).catch((error: unknown) => {
      if (!isSedgeError(error)) throw error;
      this.failed++;
    });
  }

  /** Publishes at each of the nodes every so often, for so long. */
  async keepTalking(
    nodes: readonly string[],
    {
      rounds,
      everyMs,
      topic,
    }: { readonly rounds: number; readonly everyMs: number; readonly topic?: string },
  ): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (const node of nodes) if (this.#mesh.node(node).running) this.start(node, topic);
      await this.#mesh.advance(everyMs);
    }
  }
}
