import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OtherAlerts, readAlertPayload } from '../../../../node/alerts/other-alerts.ts';
import type { NodeId } from '../../../../src/index.ts';

const author = '12D3KooWother' as NodeId;
const ALERT = {
  version: 1,
  node: author,
  name: 'barn',
  id: 'disk',
  rule: 'disk',
  watch: 'disk',
  severity: 'alarm',
  subject: '',
  state: 'firing',
  sentence: 'The disk of this node is 91% full.',
  next: 'Remove what is not needed.',
  value: 91,
  limit: 90,
  occurrence: 1,
  sinceMs: 5,
  firedAtMs: 6,
  endedAtMs: null,
  acknowledged: null,
};

function message(payload: unknown, changes: { readonly topic?: string; readonly author?: NodeId } = {}) {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return {
    timeMs: 5,
    topic: `$alerts/${author}/disk`,
    author,
    name: 'barn',
    payload: new TextEncoder().encode(text),
    ...changes,
  };
}

const nobody = () => false;

describe('OtherAlerts', () => {
  it('keeps what fires elsewhere, until it ends, is cleared, or is nothing that can be shown', () => {
    for (const end of [{ ...ALERT, state: 'ended', endedAtMs: 9 }, '', '{}', 'x']) {
      const others = new OtherAlerts('self');
      others.hear(message(ALERT));
      expect(others.alerts(nobody)).toMatchObject([
        { node: author, name: 'barn', id: 'disk', value: 91, saidAtMs: 5 },
      ]);
      expect(others.alerts((node) => node === author)).toEqual([]);
      others.hear(message(end));
      expect(others.alerts(nobody)).toEqual([]);
    }
  });

  it('believes a node of itself alone, and takes node and name from who signed', () => {
    const others = new OtherAlerts('self');
    others.hear(message(ALERT, { topic: '$alerts/12D3KooWanother/disk' }));
    others.hear(message(ALERT, { author: 'self' as NodeId, topic: '$alerts/self/disk' }));
    expect(others.alerts(nobody)).toEqual([]);
    others.hear(message({ ...ALERT, node: 'somebody', name: 'else' }));
    expect(others.alerts(nobody)).toMatchObject([{ node: author, name: 'barn' }]);
  });

  it('takes later versions, and passes over what it does not know of them', () => {
    const later = {
      ...ALERT,
      version: 9,
      colour: 'red',
      acknowledged: { by: 'ann', atMs: 7, note: '', team: 1 },
    };
    expect(readAlertPayload(message(later))).toMatchObject({
      acknowledged: { by: 'ann', atMs: 7, note: '' },
    });
  });

  it('keeps so many', () => {
    const others = new OtherAlerts('self');
    for (let n = 0; n < 2_000; n++) others.hear(message(ALERT, { topic: `$alerts/${author}/x${n}` }));
    expect(others.alerts(nobody)).toHaveLength(1_024);
  });

  it('is not thrown off by any payload', () => {
    const keys = fc.constantFrom(...Object.keys(ALERT));
    fc.assert(
      fc.property(keys, fc.jsonValue(), (key, value) => {
        const alert = readAlertPayload(message({ ...ALERT, [key]: value }));
        return alert === null || (typeof alert.sentence === 'string' && typeof alert.occurrence === 'number');
      }),
      { numRuns: 1_000 },
    );
    fc.assert(fc.property(fc.string(), (text) => readAlertPayload(message(text)) === null));
  });
});
