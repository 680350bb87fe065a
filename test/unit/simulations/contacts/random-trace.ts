import { type ContactTrace, parseContactTrace } from '../../../../simulations/contacts/contact-trace.ts';
import type { Origin } from '../../../../simulations/contacts/reachability.ts';

/** Numbers from 0 to below 1 that a seed decides (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What {@link randomTrace} makes. */
export interface RandomTraceOptions {
  readonly nodes: number;
  readonly contacts: number;
  readonly seconds: number;
  /** Times are multiples of it, so that they coincide often where it is large. */
  readonly tickSeconds: number;
}

/** A trace in which contacts overlap, touch, chain within one instant and are sometimes too short. */
export function randomTrace(random: () => number, options: RandomTraceOptions): ContactTrace {
  const { nodes, contacts, seconds, tickSeconds } = options;
  const tick = (upTo: number) => Math.floor((random() * upTo) / tickSeconds) * tickSeconds;
  const lines = Array.from({ length: contacts }, () => {
    const a = Math.floor(random() * nodes);
    const b = (a + 1 + Math.floor(random() * (nodes - 1))) % nodes;
    const start = tick(seconds);
    return `n${a} n${b} ${start} ${start + tick(random() < 0.2 ? 6 : 60)}`;
  });
  return parseContactTrace(lines.join('\n'), 'random');
}

/** Messages at random nodes and times. */
export function randomOrigins(
  random: () => number,
  trace: ContactTrace,
  options: { readonly messages: number; readonly seconds: number; readonly tickSeconds: number },
): Origin[] {
  const { messages, seconds, tickSeconds } = options;
  const origins = Array.from({ length: messages }, () => ({
    timeMs: Math.floor((random() * seconds) / tickSeconds) * tickSeconds * 1_000,
    node: Math.floor(random() * trace.nodes.length),
  }));
  return origins.sort((x, y) => x.timeMs - y.timeMs);
}
