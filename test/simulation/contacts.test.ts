import { describe, expect, test } from 'vitest';
import { parseContactTrace } from '../../simulations/contacts/contact-trace.ts';
import type { ContactVerdict } from '../../simulations/contacts/contact-verdict.ts';
import { type PlayContactsOptions, playContacts } from '../../simulations/contacts/play-contacts.ts';
import { randomOrigins, randomTrace, seededRandom } from '../unit/simulations/contacts/random-trace.ts';

type Plan = PlayContactsOptions['plan'];

/** Messages as `seconds node`, of nodes by their place. */
function planOf(...messages: readonly (readonly [seconds: number, node: number])[]): Plan {
  return messages.map(([seconds, node]) => ({ timeMs: seconds * 1_000, node, topic: 'site/x', payload: '' }));
}

async function verdictOf(text: string, plan: Plan, seed = 1): Promise<ContactVerdict> {
  const { verdict } = await playContacts({ trace: parseContactTrace(text, 'trace'), plan, seed });
  expect(verdict.faults).toEqual([]);
  return verdict;
}

describe('a replayed trace', () => {
  test('delivers over a ferry to nodes that never meet', async () => {
    const { deliverable, delivered } = await verdictOf(
      'a ferry 10 20\nferry b 500 510',
      planOf([1, 0], [2, 2]),
    );
    // b's message goes with the ferry, which does not come back to a.
    expect([deliverable, delivered]).toEqual([5, 5]);
  });

  test('delivers over a contact that starts as the one before it ends', async () => {
    expect((await verdictOf('a b 10 20\nb c 20 30', planOf([0, 0]))).delivered).toBe(3);
  });

  test('delivers along a chain of thirty contacts that overlap for five seconds', async () => {
    const chain = Array.from({ length: 30 }, (_, node) => `n${node} n${node + 1} 100 105`).join('\n');
    expect((await verdictOf(chain, planOf([0, 0], [101, 30]))).delivered).toBe(62);
  });

  test('delivers what is published at the start, in the middle and shortly before the end of a contact', async () => {
    expect((await verdictOf('a b 10 20', planOf([10, 0], [15, 1], [19.4, 0]))).delivered).toBe(6);
  });

  test('delivers at time zero, and after silence of eight weeks without working for it', async () => {
    const startedMs = performance.now();
    expect((await verdictOf('a b 0 10\na b 4838400 4838405', planOf([0, 0], [60, 1]))).delivered).toBe(4);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  test('takes times that count from 1970', async () => {
    expect((await verdictOf('a b 1764104400.5 1764104460', planOf([1_764_104_410, 0]))).delivered).toBe(2);
  });

  test('connects anew at each of many short meetings', async () => {
    const meetings = Array.from({ length: 200 }, (_, n) => `a b ${n * 7} ${n * 7 + 5}`).join('\n');
    const plan = planOf(...Array.from({ length: 100 }, (_, n) => [n * 14 + 6, n % 2] as const));
    expect((await verdictOf(meetings, plan)).delivered).toBe(200);
  });

  test('delivers exactly what is possible (random traces)', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const size = { seconds: 300, tickSeconds: [5, 1, 0.25, 0.001][seed % 4]! };
      const trace = randomTrace(random, { ...size, nodes: 3 + (seed % 9), contacts: 10 + (seed % 50) });
      const origins = randomOrigins(random, trace, { ...size, messages: 40 });
      const plan = origins.map((origin) => ({ ...origin, topic: 'site/x', payload: '' }));
      const { verdict } = await playContacts({ trace, plan, seed });
      expect(verdict.faults, `seed ${seed}`).toEqual([]);
      expect(verdict.published, `seed ${seed}`).toBe(40);
    }
  });
});
