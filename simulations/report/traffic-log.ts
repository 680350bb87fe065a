import type { TrafficByKind } from '../world/virtual-network.ts';
import type { TrafficSample } from './fold-run.ts';

/** More are not needed to draw a line. */
const SAMPLES_MAX = 1_024;

/** What was sent so far by kind, now and then: often at first, and ever more seldom the longer a run takes. */
export class TrafficLog {
  samples: TrafficSample[] = [];
  #everySeconds = 0.25;
  #nextSeconds = 0;

  /** Takes a sample if one is due. */
  sample(seconds: number, traffic: () => TrafficByKind): void {
    if (seconds >= this.#nextSeconds) this.take(seconds, traffic());
  }

  take(seconds: number, traffic: TrafficByKind): void {
    const bytes = Object.entries(traffic).map(([kind, sent]) => [nameOf(kind), sent.bytes] as const);
    this.samples.push({ t: seconds, bytes: Object.fromEntries(bytes) });
    if (this.samples.length >= SAMPLES_MAX) {
      this.samples = this.samples.filter((_, index) => index % 2 === 1);
      this.#everySeconds *= 2;
    }
    this.#nextSeconds = seconds + this.#everySeconds;
  }
}

/** Protocols by what they carry. */
function nameOf(kind: string): string {
  const names: Readonly<Record<string, string>> = {
    '/sedge/sync/1': 'sync: hellos and heads',
    '/sedge/sync-data/1': 'sync: entries',
  };
  return names[kind] ?? kind;
}
