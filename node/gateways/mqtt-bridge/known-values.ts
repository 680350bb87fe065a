import { TopicFilter } from '../../../src/index.ts';
import type { BridgeMesh } from './bridge-mesh.ts';
import { contentHash } from './content-hash.ts';
import { imageOf, type TopicRule } from './topic-rule.ts';

/** Topics that are remembered; values of others may come a second time. */
const TOPICS_MAX = 20_000;

/** Retained values that the mesh has, so that those that a broker sends with each new subscription are not new. */
export class KnownValues {
  readonly #hashes = new Map<string, string>();

  /** Reads the retained values of all topics that rules make. */
  static async read(mesh: Pick<BridgeMesh, 'retained'>, rules: readonly TopicRule[]): Promise<KnownValues> {
    const filters = rules.flatMap((rule) => {
      const parsed = TopicFilter.parse(imageOf(rule));
      return parsed.ok ? [parsed.value] : [];
    });
    const known = new KnownValues();
    const values = mesh.retained((topic) => filters.some((filter) => filter.matches(topic)));
    for await (const { topic, payload } of values) {
      if (known.#hashes.size >= TOPICS_MAX) break;
      known.#hashes.set(topic, contentHash(topic, payload));
    }
    return known;
  }

  /** Whether it is the value of the mesh. Asked once a topic: later ones are new, though they are the same. */
  isKnown(topic: string, payload: Uint8Array): boolean {
    const hash = this.#hashes.get(topic);
    this.#hashes.delete(topic);
    return hash === contentHash(topic, payload);
  }
}
