import { describe, expect, test } from 'vitest';
import { type ContactTrace, parseContactTrace } from '../../../../simulations/contacts/contact-trace.ts';
import {
  type Origin,
  type ReachabilityOptions,
  reachability,
} from '../../../../simulations/contacts/reachability.ts';
import { randomOrigins, randomTrace, seededRandom } from './random-trace.ts';

/** Seconds at which a message of the first node is at each node; null where it never is. */
function arrivals(text: string, atSeconds: number, options?: ReachabilityOptions): (number | null)[] {
  const trace = parseContactTrace(text, 'trace');
  const reach = reachability(trace, [{ timeMs: atSeconds * 1_000, node: 0 }], options);
  return trace.nodes.map((_, node) => (reach.reaches(0, node) ? reach.arrivalMs(0, node) / 1_000 : null));
}

/** The same by brute force: hand on over every contact until nothing changes. */
function relaxed(trace: ContactTrace, origin: Origin, options: Required<ReachabilityOptions>): number[] {
  const atMs = trace.nodes.map((_, node) =>
    node === origin.node ? origin.timeMs : Number.POSITIVE_INFINITY,
  );
  for (let changed = true; changed; ) {
    changed = false;
    for (const { a, b, startMs, endMs } of trace.contacts) {
      if (endMs - startMs < options.contactMsMin) continue;
      const lastMs = endMs - options.spareMs;
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const timeMs = Math.max(atMs[from]!, startMs);
        const open = options.atTheEnd === 'carried' ? timeMs <= lastMs : timeMs < lastMs;
        if (!open || timeMs >= atMs[to]!) continue;
        atMs[to] = timeMs;
        changed = true;
      }
    }
  }
  return atMs;
}

describe('reachability', () => {
  test('follows contacts in the order of time, not against it', () => {
    expect(arrivals('a b 10 20\nb c 30 40\nc d 5 25', 0)).toEqual([0, 10, 30, null]);
  });

  test('passes a chain of contacts within one moment', () => {
    expect(arrivals('a b 10 20\nb c 10 20\nc d 10 20', 0)).toEqual([0, 10, 10, 10]);
    expect(arrivals('a b 10 20\nb c 5 20\nc d 0 20', 12)).toEqual([12, 12, 12, 12]);
  });

  test('carries from a contact to one that starts as it ends', () => {
    expect(arrivals('a b 10 20\nb c 20 30', 0)).toEqual([0, 10, 20]);
  });

  test('leaves open what comes at the very end of a contact', () => {
    expect(arrivals('a b 10 20', 20)).toEqual([20, null]);
    expect(arrivals('a b 10 20', 20, { atTheEnd: 'carried' })).toEqual([20, 20]);
  });

  test('may leave open what comes shortly before the end', () => {
    expect(arrivals('a b 10 20', 19.8, { spareMs: 500 })).toEqual([19.8, null]);
    expect(arrivals('a b 10 20', 19.4, { spareMs: 500 })).toEqual([19.4, 19.4]);
  });

  test('may pass over short contacts', () => {
    expect(arrivals('a b 10 14\na b 30 40', 0, { contactMsMin: 5_000 })).toEqual([0, 30]);
  });

  test('is what handing on until nothing changes gives (random traces)', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const size = { seconds: 300, tickSeconds: seed % 2 === 0 ? 5 : 0.25 };
      const trace = randomTrace(random, { ...size, nodes: 3 + (seed % 9), contacts: 10 + seed });
      const origins = randomOrigins(random, trace, { ...size, messages: 40 });
      for (const atTheEnd of ['lost', 'carried'] as const) {
        const options = {
          atTheEnd,
          contactMsMin: seed % 3 === 0 ? 5_000 : 0,
          spareMs: seed % 5 === 0 ? 700 : 0,
        };
        const reach = reachability(trace, origins, options);
        origins.forEach((origin, message) => {
          const swept = trace.nodes.map((_, node) => reach.arrivalMs(message, node));
          expect(swept, `seed ${seed}, message ${message}, ${atTheEnd}`).toEqual(
            relaxed(trace, origin, options),
          );
        });
      }
    }
  });
});
