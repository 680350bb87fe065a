import { describe, expect, it } from 'vitest';
import type { EntryId, EpochId } from '../../../src/entry/index.ts';
import { nodeIdOf } from '../../../src/identity/index.ts';
import { RangeIndex } from '../../../src/journal/range-index.ts';
import { HeadReconciliation, type HeadSource } from '../../../src/sync/head-reconciliation.ts';
import {
  type ReconcileFrame,
  type ReconcileItem,
  reconcileFrames,
} from '../../../src/sync/reconcile-frame.ts';
import { decodeControlFrame, encodeControlFrame } from '../../../src/sync/sync-frames.ts';
import type { WireHead } from '../../../src/sync/wire-fields.ts';
import { seededRandom } from '../journal/journal-world.ts';

/** The heads of one side. */
class Side {
  readonly index = new RangeIndex();

  add(author: number, epoch: number, seq: number): void {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, Math.imul(author, 0x9e3779b1) >>> 0);
    const header = {
      author: nodeIdOf(key),
      epoch: epoch.toString(16).padStart(16, '0') as EpochId,
      ...{ seq, count: 1, skip: 0, id: `${seq}`.padStart(32, '0') as EntryId },
    };
    this.index.add(this.index.logOf(header), header, 1);
  }

  get source(): HeadSource {
    const order = () => this.index.order();
    return {
      count: (from, to) => order().count(from, to),
      fingerprint: (from, to) => order().fingerprint(from, to),
      heads: (from, to) => order().heads(from, to),
      split: (from, to, parts) => order().split(from, to, parts),
    };
  }

  heads(): Map<string, number> {
    return new Map([...this.index.held()].map(({ log, numbers }) => [log, numbers.ranges.at(-1)!.last]));
  }
}

/** Lets two sides reconcile over encoded frames. */
function reconcile(a: Side, b: Side) {
  const [first, second] = [new HeadReconciliation(a.source), new HeadReconciliation(b.source)];
  const learned: [WireHead[], WireHead[]] = [[], []];
  let bytes = 0;
  let steps = 0;
  let said: readonly ReconcileItem[] | null = first.open();
  let turn: 0 | 1 = 1;
  const ended = [false, false];
  while (said !== null) {
    steps++;
    const speaker = turn === 1 ? first : second;
    const listener = turn === 1 ? second : first;
    const base = steps <= 2 ? { root: '00'.repeat(16), offset: null } : null;
    let reply: readonly ReconcileItem[] | null = null;
    for (const frame of reconcileFrames(said, { channel: 'main', step: speaker.step, base })) {
      const encoded = encodeControlFrame(frame);
      bytes += encoded.length;
      const decoded = decodeControlFrame(encoded);
      if (!decoded.ok || decoded.value.kind !== 'reconcile') throw new Error('no frame');
      const outcome = listener.take(decoded.value);
      if (!outcome.ok) throw new Error(outcome.code);
      learned[turn].push(...outcome.value.learned);
      reply = outcome.value.reply;
      if (outcome.value.done) ended[turn] = true;
    }
    said = reply;
    turn = turn === 1 ? 0 : 1;
  }
  return { learned, bytes, steps, ended };
}

/** Heads of `from` that `to` lacks or has otherwise. */
function differing(from: Side, to: Side): string[] {
  const theirs = to.heads();
  return [...from.heads()].filter(([log, last]) => theirs.get(log) !== last).map(([log]) => log);
}

describe('a reconciliation of heads', () => {
  it('shows each side all heads of the other that differ, whatever the sets', () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const below = (end: number) => Math.floor(random() * end);
    for (let round = 0; round < 150; round++) {
      const [a, b] = [new Side(), new Side()];
      const authors = 1 + below(round % 3 === 0 ? 3 : 400);
      for (let n = below(600); n > 0; n--) {
        const [author, epoch, seq] = [below(authors), below(50), 1 + below(3)];
        const who = below(20);
        if (who !== 0) a.add(author, epoch, seq);
        if (who !== 1) b.add(author, epoch, seq);
      }
      const { learned, ended, steps } = reconcile(a, b);
      const logs = (heads: readonly WireHead[]) => new Set(heads.map(({ log }) => log as string));
      for (const log of differing(b, a)) expect(logs(learned[0]), `round ${round}`).toContain(log);
      for (const log of differing(a, b)) expect(logs(learned[1]), `round ${round}`).toContain(log);
      expect(ended).toEqual([true, true]);
      expect(steps).toBeLessThan(14);
    }
  });

  it.each([
    ['of many authors', 10_000, 1],
    ['of one author', 1, 10_000],
  ])('costs below 1,400 bytes where one of 10,000 logs %s differs', (_, authors, epochs) => {
    const [a, b] = [new Side(), new Side()];
    for (let author = 0; author < authors; author++) {
      for (let epoch = 0; epoch < epochs; epoch++) {
        a.add(author, epoch, 1);
        b.add(author, epoch, 1);
      }
    }
    b.add(Math.floor(authors / 3), Math.floor(epochs / 3), 2);
    const { bytes, learned, steps } = reconcile(a, b);
    console.log(`${bytes} bytes in ${steps} steps`);
    expect(learned[0].some(({ last }) => last === 2)).toBe(true);
    expect(bytes).toBeLessThan(1_400);
  });

  it('lists all that one side has where the other has nothing', () => {
    const [a, b] = [new Side(), new Side()];
    for (let n = 0; n < 3_000; n++) b.add(n, 0, 1);
    expect(reconcile(a, b).learned[0]).toHaveLength(3_000);
    expect(reconcile(b, a).learned[1]).toHaveLength(3_000);
  });

  it('costs little more than the heads where most differ', () => {
    const [a, b] = [new Side(), new Side()];
    for (let n = 0; n < 5_000; n++) {
      a.add(n, 0, 1);
      b.add(n, 0, 2);
    }
    const { bytes, learned } = reconcile(a, b);
    expect(learned.map(({ length }) => length)).toEqual([5_000, 5_000]);
    expect(bytes / 10_000).toBeLessThan(90);
  });

  describe('with a liar', () => {
    const frame = (step: number, items: readonly ReconcileItem[], change: Partial<ReconcileFrame> = {}) => ({
      ...({ kind: 'reconcile', channel: 'main', step, more: false, base: null, from: '', items } as const),
      ...change,
    });
    const ask = (to: string | null): ReconcileItem => ({
      to,
      kind: 'fingerprint',
      fingerprint: 'ff'.repeat(16),
    });
    function opened(): HeadReconciliation {
      const side = new Side();
      for (let n = 0; n < 1_000; n++) side.add(n, 0, 1);
      const machine = new HeadReconciliation(side.source);
      machine.open();
      return machine;
    }

    it('that answers every question with another comes to an end', () => {
      const side = new Side();
      for (let n = 0; n < 5_000; n++) side.add(n, 0, 1);
      const machine = new HeadReconciliation(side.source);
      let said: readonly ReconcileItem[] | null = machine.open();
      let steps = 0;
      while (said !== null && steps < 100) {
        steps++;
        let refused = false;
        const frames = [...reconcileFrames(said, { channel: 'main', step: machine.step + 1, base: null })];
        for (const one of frames) {
          const items = one.items.map(({ to }) => ask(to));
          const outcome = machine.take({ ...one, items });
          refused ||= !outcome.ok;
          said = outcome.ok ? outcome.value.reply : null;
        }
        if (refused) break;
      }
      expect(steps).toBeLessThan(10);
    });

    it.each([
      ['asks within what was listed for it', () => frame(1, [ask('00')])],
      ['skips a step', () => frame(2, [ask(null)])],
      ['asks about more than it was asked', () => frame(1, [ask(null)])],
      [
        'lists a head outside its range',
        () => {
          const log = `${nodeIdOf(new Uint8Array(32).fill(9))}/${'00'.repeat(8)}` as WireHead['log'];
          const heads = [{ log, last: 1, lastId: '00'.repeat(16) as EntryId, holes: [] }];
          return frame(1, [{ to: '01', kind: 'heads', answer: false, heads }]);
        },
      ],
    ])('that %s is refused', (name, make) => {
      if (name.startsWith('asks within')) {
        const side = new Side();
        side.add(1, 0, 1);
        const machine = new HeadReconciliation(side.source);
        machine.open();
        expect(machine.take(make())).toMatchObject({ ok: false, code: 'sync.lying-heads' });
      } else expect(opened().take(make())).toMatchObject({ ok: false, code: 'sync.lying-heads' });
    });

    it('that goes over the same range again and again within a step is refused', () => {
      const machine = new HeadReconciliation(new Side().source);
      expect(machine.take(frame(0, [ask(null)], { more: true })).ok).toBe(true);
      expect(machine.take(frame(0, [ask(null)], { more: true })).ok).toBe(false);
    });

    it('that names ever more ranges is refused', () => {
      const side = new Side();
      for (let n = 0; n < 100; n++) side.add(n, 0, 1);
      const machine = new HeadReconciliation(side.source);
      let refused = false;
      let from = '';
      for (let at = 0; at < 400 && !refused; at++) {
        const items = Array.from({ length: 1_024 }, (_, n) =>
          ask((at * 1_024 + n + 1).toString(16).padStart(16, '0')),
        );
        refused = !machine.take(frame(0, items, { more: true, from })).ok;
        from = items.at(-1)!.to!;
      }
      expect(refused).toBe(true);
    });
  });
});
