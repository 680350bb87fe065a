import { describe, expect, test } from 'vitest';
import { parseContactTrace } from '../../../../simulations/contacts/contact-trace.ts';
import { ContactJudge, type ContactVerdict } from '../../../../simulations/contacts/contact-verdict.ts';
import type { HistoryEvent } from '../../../../simulations/world/history.ts';

const TRACE = parseContactTrace('a b 10 20\nb c 30 33\nc d 100 200', 'trace');
const PLAN = [{ timeMs: 5_000, node: 0, topic: 't', payload: '' }];

function event(kind: 'publish' | 'delivery' | 'gap', t: number, node: string, seq = 1): HistoryEvent {
  return { t, event: kind, node, author: 'a', channel: 'main', epoch: 'e', seq };
}

function judged(...events: readonly HistoryEvent[]): ContactVerdict {
  const judge = new ContactJudge(TRACE, PLAN);
  for (const one of events) judge.add(one);
  return judge.verdict();
}

const PUBLISHED = [event('publish', 5, 'a'), event('delivery', 5, 'a')];

describe('the verdict on a replay', () => {
  test('is good where all that must be is there, and what may be may or may not', () => {
    const without = judged(...PUBLISHED, event('delivery', 10.01, 'b'));
    expect(without).toMatchObject({ ok: true, published: 1, deliverable: 2, possible: 4, delivered: 2 });
    expect(judged(...PUBLISHED, event('delivery', 10.01, 'b'), event('delivery', 31, 'c')).ok).toBe(true);
  });

  test('names what is missing, and since when it could have been there', () => {
    const { ok, missing, faults } = judged(...PUBLISHED);
    expect([ok, missing]).toEqual([false, 1]);
    expect(faults[0]!.what).toBe('b lacks what a published at 5 s; contacts lead there from 10 s on');
  });

  test('names what came before or without a contact', () => {
    const early = judged(...PUBLISHED, event('delivery', 9, 'b'));
    expect(early.faults.map(({ kind }) => kind)).toEqual(['impossible']);
    const trace = parseContactTrace('a b 10 20\nc d 1 2', 'trace');
    const judge = new ContactJudge(trace, PLAN);
    for (const one of [...PUBLISHED, event('delivery', 11, 'b'), event('delivery', 12, 'd')]) judge.add(one);
    expect(judge.verdict().faults.map(({ what }) => what)).toEqual([
      'd got what a published at 5 s at 12 s; no contact leads there',
    ]);
  });

  test('counts what comes twice, and what nobody published', () => {
    const twice = judged(...PUBLISHED, event('delivery', 11, 'b'), event('delivery', 12, 'b'));
    expect([twice.ok, twice.duplicates]).toEqual([false, 1]);
    const unknown = judged(...PUBLISHED, event('delivery', 11, 'b'), event('delivery', 12, 'b', 7));
    expect(unknown.faults.map(({ kind }) => kind)).toEqual(['unknown']);
  });

  test('counts gaps and what filled them', () => {
    const late = { ...event('delivery', 11, 'b'), late: true };
    expect(judged(...PUBLISHED, event('gap', 10.5, 'b'), late)).toMatchObject({ ok: true, gaps: 1, late: 1 });
  });
});
