import { describe, expect, it } from 'vitest';
import { FrameSplitter } from '../../../../node/gateways/mqtt/packet/frame-splitter.ts';
import { AnswerQueue } from '../../../../node/gateways/mqtt/session/answer-queue.ts';
import { DeliveryLedger } from '../../../../node/gateways/mqtt/session/delivery-ledger.ts';
import { InboundState } from '../../../../node/gateways/mqtt/session/inbound-state.ts';
import { OutboundState } from '../../../../node/gateways/mqtt/session/outbound-state.ts';
import { SubscriptionSet } from '../../../../node/gateways/mqtt/session/subscription-set.ts';

describe('what a client publishes', () => {
  const packet = (packetId: number, fields: { qos?: 1 | 2; dup?: boolean; digest?: string } = {}) => ({
    packetId,
    qos: fields.qos ?? 1,
    dup: fields.dup ?? false,
    digest: () => fields.digest ?? 'd',
  });
  const begin = (record?: ConstructorParameters<typeof InboundState>[0]): InboundState => {
    const state = new InboundState(record);
    state.connect(65_535);
    return state;
  };

  it('has a number each, with its packet id in it', () => {
    const state = begin();
    expect(state.publish(packet(7))).toEqual({ do: 'publish', n: 65_536 + 7 });
    expect(state.publish(packet(65_535))).toEqual({ do: 'publish', n: 2 * 65_536 + 65_535 });
  });

  it('is answered on the next connection only once it came again', () => {
    const state = begin();
    const { n } = state.publish(packet(7)) as { n: number };
    state.connect(65_535);
    expect(state.stored(n)).toBe(false);
    expect(state.publish(packet(7, { dup: true }))).toEqual({ do: 'acknowledge' });
    expect(state.publish(packet(7, { dup: true }))).toMatchObject({ do: 'publish' });
  });

  it('that came again before it was stored is answered once it is', () => {
    const state = begin();
    const { n } = state.publish(packet(7)) as { n: number };
    state.connect(65_535);
    expect(state.publish(packet(7, { dup: true }))).toEqual({ do: 'wait' });
    expect(state.stored(n)).toBe(true);
  });

  it('is a new message on the next connection if it does not say that it comes again', () => {
    const state = begin();
    const { n } = state.publish(packet(7)) as { n: number };
    state.connect(65_535);
    const again = state.publish(packet(7)) as { do: string; n: number };
    expect(again.do).toBe('publish');
    expect(again.n).not.toBe(n);
    expect(state.stored(n)).toBe(false);
  });

  it('that could not be stored is tried again under its number', () => {
    const state = begin();
    const { n } = state.publish(packet(7)) as { n: number };
    state.failed(n, { forget: false });
    state.connect(65_535);
    expect(state.publish(packet(7, { dup: true }))).toEqual({ do: 'publish', n });
  });

  it('is kept as stored or as unclear, never as stored before it is', () => {
    const state = begin();
    const one = state.publish(packet(1, { qos: 2 })) as { n: number };
    const two = state.publish(packet(2, { qos: 2 })) as { n: number };
    expect(state.record()).toEqual({ nextCounter: 3, unclearFrom: 1, open: [] });
    state.stored(one.n);
    expect(state.record()).toEqual({ nextCounter: 3, unclearFrom: 2, open: [{ n: one.n, qos: 2 }] });
    state.stored(two.n);
    state.release(1);
    expect(state.record()).toEqual({ nextCounter: 3, unclearFrom: 3, open: [{ n: two.n, qos: 2 }] });
    const after = begin(state.record());
    expect(after.publish(packet(2, { qos: 2 }))).toEqual({ do: 'acknowledge' });
    expect(after.publish(packet(3))).toEqual({ do: 'publish', n: 3 * 65_536 + 3 });
  });

  it('that was found after a crash is told from another one by its content and its mark', () => {
    const found = (fields: Parameters<typeof packet>[1]) => {
      const state = new InboundState();
      state.recover([{ n: 5 * 65_536 + 7, qos: 1, digest: 'same' }]);
      state.connect(65_535);
      return state.publish(packet(7, fields)).do;
    };
    expect(found({ dup: true, digest: 'same' })).toBe('acknowledge');
    expect(found({ dup: true, digest: 'other' })).toBe('publish');
    expect(found({ dup: false, digest: 'same' })).toBe('publish');
    expect(found({ dup: true, digest: 'same', qos: 2 })).toBe('publish');
  });

  it('of QoS 2 that was found after a crash is told by its content alone, as MQTT.js sends it again without a mark', () => {
    const found = (fields: Parameters<typeof packet>[1]) => {
      const state = new InboundState();
      state.recover([{ n: 5 * 65_536 + 7, qos: 2, digest: 'same' }]);
      state.connect(65_535);
      return state.publish(packet(7, { qos: 2, ...fields })).do;
    };
    expect(found({ dup: false, digest: 'same' })).toBe('acknowledge');
    expect(found({ dup: true, digest: 'same' })).toBe('acknowledge');
    expect(found({ dup: false, digest: 'other' })).toBe('publish');
  });

  it('counts against the receive maximum until it is answered', () => {
    const state = new InboundState();
    state.connect(2);
    const { n } = state.publish(packet(1)) as { n: number };
    state.publish(packet(2, { qos: 2 }));
    expect(state.publish(packet(3))).toEqual({ do: 'refuse', reason: 0x93 });
    state.stored(n);
    expect(state.publish(packet(3)).do).toBe('publish');
    state.connect(2);
    expect(state.publish(packet(4)).do).toBe('publish');
    expect(state.publish(packet(5)).do).toBe('publish');
    expect(state.publish(packet(6)).do).toBe('refuse');
  });
});

describe('what is on its way to a client', () => {
  it('takes packet ids that are free, and begins again at 1', () => {
    const state = new OutboundState<string>();
    state.connect(70_000);
    expect(state.send('a', 1)).toBe(1);
    for (let id = 2; id <= 65_535; id++) {
      state.send('b', 1);
      state.puback(id);
    }
    expect(state.send('c', 2)).toBe(2);
    expect(state.size).toBe(2);
    expect(state.room).toBe(69_998);
  });

  it('ends by the acknowledgements of its own flow alone', () => {
    const state = new OutboundState<string>();
    state.connect(10);
    const [one, two] = [state.send('one', 1), state.send('two', 2)];
    expect(state.pubrec(one, false).is).toBe('wrong-flow');
    expect(state.pubcomp(one).is).toBe('wrong-flow');
    expect(state.puback(two).is).toBe('wrong-flow');
    expect(state.pubcomp(two).is).toBe('wrong-flow');
    expect(state.puback(99).is).toBe('unknown');
    expect(state.puback(one)).toEqual({ is: 'done', message: 'one' });
    expect(state.pubrec(two, false).is).toBe('release');
    expect(state.pubcomp(two)).toEqual({ is: 'done', message: 'two' });
    expect(state.puback(one).is).toBe('unknown');
  });
});

it('answers are given in the order of what they answer', () => {
  const queue = new AnswerQueue<string>();
  const [one, two, three] = [queue.push(), queue.push(), queue.push()];
  two.answer = 'two';
  expect(queue.take()).toEqual([]);
  one.answer = null;
  expect(queue.take()).toEqual(['two']);
  three.answer = 'three';
  expect(queue.take()).toEqual(['three']);
});

it('deliveries are settled once all before them are done', () => {
  const ledger = new DeliveryLedger();
  const [one, two, three] = [ledger.take(), ledger.take(), ledger.take()];
  ledger.done(two);
  expect(ledger.settle()).toBe(0);
  ledger.done(one);
  expect(ledger.settle()).toBe(2);
  expect(ledger.open).toBe(1);
  ledger.done(three);
  expect(ledger.settle()).toBe(1);
});

describe('the subscriptions of a session', () => {
  const subscription = (filter: string, since: Record<string, number> = {}) => ({
    filter,
    qos: 1 as const,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0 as const,
    id: null,
    since,
  });

  it('match by name and by wildcards, and change at once', () => {
    const set = new SubscriptionSet();
    for (const filter of ['a/b', 'a/+', '#', 'x']) expect(set.add(subscription(filter))).toBe(true);
    expect(set.match('a/b').map(({ filter }) => filter)).toEqual(['a/b', 'a/+', '#']);
    set.remove('#');
    expect(set.match('a/b').map(({ filter }) => filter)).toEqual(['a/b', 'a/+']);
    expect(set.match('y')).toEqual([]);
    expect(set.add(subscription('a/#/b'))).toBe(false);
  });

  it('begin where they were made, and a repeated one where the first was', () => {
    const set = new SubscriptionSet();
    set.add(subscription('a', { main: 5 }));
    set.add(subscription('#', { main: 9 }));
    set.add(subscription('a', { main: 20 }));
    const at = (position: number, channel = 'main') =>
      set.matchAt('a', { channel, position }).map(({ filter }) => filter);
    expect(at(5)).toEqual([]);
    expect(at(6)).toEqual(['a']);
    expect(at(10)).toEqual(['a', '#']);
    expect(at(1, 'other')).toEqual(['a', '#']);
  });
});

describe('a stream of packets', () => {
  it('is cut into packets wherever its pieces end', () => {
    const packets = [Buffer.of(0xc0, 0), Buffer.concat([Buffer.of(0x30, 0x83, 0x01), Buffer.alloc(131)])];
    const bytes = Buffer.concat([...packets, ...packets]);
    for (const size of [1, 2, 3, 7, 130, 1_000]) {
      const splitter = new FrameSplitter(1_000);
      const found: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        splitter.push(bytes.subarray(at, at + size));
        for (let frame = splitter.next(); frame !== null; frame = splitter.next()) {
          if ('reason' in frame) throw new Error(frame.rule);
          found.push(Buffer.from(frame.bytes));
        }
      }
      expect(found).toEqual([...packets, ...packets]);
      expect(splitter.bufferedBytes).toBe(0);
    }
  });

  it('does not copy a large packet again for each of its small pieces', () => {
    const splitter = new FrameSplitter(1_048_576);
    splitter.push(Buffer.of(0x30, 0x80, 0x80, 0x3f));
    const begun = performance.now();
    for (let at = 0; at < 1_032_192; at += 16) {
      splitter.push(Buffer.alloc(16));
      if (at % 1_024 === 0) splitter.next();
    }
    expect(splitter.next()).toMatchObject({ bodyAt: 4 });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('ends at a packet that is too large or has a length that is none', () => {
    const large = new FrameSplitter(100);
    large.push(Buffer.of(0x30, 0x7f));
    expect(large.next()).toMatchObject({ reason: 0x95 });
    const endless = new FrameSplitter(100);
    endless.push(Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80));
    expect(endless.next()).toMatchObject({ reason: 0x81 });
    endless.push(Buffer.of(0xc0, 0x00));
    expect(endless.next()).toMatchObject({ reason: 0x81 });
  });
});
