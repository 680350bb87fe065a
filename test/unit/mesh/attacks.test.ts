import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Entry, type EntryId, type EpochId, type LogId, sealEntry } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import type { OverlayStream } from '../../../src/overlay/index.ts';
import { createRealm, encodeChainPayload, Realm } from '../../../src/realm/index.ts';
import { encodeControlFrame, encodeDataFrame } from '../../../src/sync/sync-frames.ts';
import type { WireHead } from '../../../src/sync/wire-fields.ts';
import { numbers, texts, within } from './deliveries.ts';
import { HostilePeer, type HostileScript, hello } from './hostile-peer.ts';
import { MeshWorld, until, type WorldNode } from './mesh-world.ts';

const EPOCH = '00000000000000aa' as EpochId;

describe('a mesh under attack', () => {
  let world: MeshWorld;
  let a: WorldNode;

  beforeEach(async () => {
    world = new MeshWorld();
    a = await world.node('a', { sync: { helloIntervalMs: 300, pullStallMs: 300 } });
  });

  afterEach(() => world.stop());

  async function attack(script: HostileScript = {}, identity?: Identity): Promise<HostilePeer> {
    const peer = new HostilePeer(world, script, identity);
    await peer.meet(a);
    return peer;
  }

  function entryOf(
    author: Identity,
    change: Partial<Parameters<typeof sealEntry>[0]> = {},
    aad = a.realm.entryAad(),
  ): Entry {
    const seq = change.seq ?? 1;
    return sealEntry(
      {
        channel: 'main',
        epoch: EPOCH,
        seq,
        skip: 0,
        prev: seq === 1 ? null : ('00'.repeat(16) as EntryId),
        lamport: 1,
        timeMs: 1,
        ttlSeconds: 0,
        messages: [{ topic: 't', payload: Buffer.from(`evil ${seq}`), timeMs: 1 }],
        ...change,
      },
      author,
      aad,
    );
  }

  const counted = (code: string) =>
    until(() => a.counters.get(code as 'entry.forked') > 0, `${code} is counted`);

  /** The mesh still works, and nothing of the attack was delivered. */
  async function stillWorks(): Promise<void> {
    const b = await world.node('b');
    await world.link(a, b);
    const subscription = b.mesh.subscribe('#', { from: 'all' });
    await a.mesh.publish('t', 'good');
    expect(await texts(subscription, 1)).toEqual(['good']);
    expect(await within(subscription, 30)).toEqual([]);
  }

  it.each([
    ['no grant', () => ({ chain: [] })],
    ['bytes for a grant', () => ({ chain: [randomBytes(50)] })],
    ['a grant of another key', () => ({ chain: a.place.chain })],
    ['a grant of another realm', () => ({ chain: new HostilePeer(new MeshWorld(), {}).chain })],
    ['no grant but a hello', () => ({ opening: hello('11'.repeat(16)) })],
  ])('ends the stream of a peer with %s, and serves it nothing', async (_, script) => {
    await a.mesh.publish('t', 'secret');
    const peer = await attack(script());
    await counted('sync.not-granted');
    await until(() => peer.ended > 0, 'the stream ends');
    expect(peer.count('hello')).toBe(0);
    const stream = await peer.dataStream(a);
    await stream
      .send(encodeDataFrame({ kind: 'request', channel: 'main', credit: 1_000_000, logs: [] }))
      .catch(() => {});
    await expect(stream.frames[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'overlay.stream-closed',
    });
    expect(a.mesh.status().peersConnected).toBe(1);
  });

  it('does not open its stream to a refused peer without end', async () => {
    const low = lowIdentity(false, a.mesh.node);
    const peer = await attack({ chain: [] }, low);
    await sleep(1_500);
    expect(peer.sessions).toBeLessThan(4);
  });

  it.each([
    ['nonsense', randomBytes(100)],
    ['deep CBOR', new Uint8Array(50_000).fill(0x81)],
    ['nothing', new Uint8Array(0)],
  ])('ends the stream of a peer that opens with %s', async (_, opening) => {
    const peer = await attack({ opening });
    await counted('sync.malformed');
    await until(() => peer.ended > 0, 'the stream ends');
    await stillWorks();
  });

  function lie(heads: (round: number) => WireHead[], onRequest?: HostileScript['onRequest']): HostileScript {
    let round = 0;
    return {
      ...(onRequest === undefined ? {} : { onRequest }),
      onControl: (frame, stream) => {
        if (frame.kind === 'hello') void stream.send(hello(randomBytes(16).toString('hex'))).catch(() => {});
        if (frame.kind !== 'heads-wanted') return;
        const root = randomBytes(16).toString('hex');
        const shared = { kind: 'heads', channel: frame.channel, root, complete: true, offset: null } as const;
        const frame_ = encodeControlFrame({ ...shared, final: true, heads: heads(round++) });
        void stream.send(frame_).catch(() => {});
      },
    };
  }

  const logOf = (n: number) =>
    `${Identity.fromSeed(new Uint8Array(32).fill(9)).nodeId}/${n.toString(16).padStart(16, '0')}` as LogId;
  const headOf = (n: number, last = 2 ** 47): WireHead => ({
    log: logOf(n),
    last,
    lastId: '00'.repeat(16) as EntryId,
    holes: [],
  });

  it.each([
    ['a head of 2^48 - 1', () => [headOf(1, 2 ** 48 - 1)]],
    ['a thousand heads', () => Array.from({ length: 1_024 }, (_, n) => headOf(n))],
    ['other heads each time', (round: number) => [headOf(round)]],
    [
      'a thousand holes',
      () => [
        {
          ...headOf(1),
          holes: Array.from({ length: 1_024 }, (_, n) => ({ first: n * 2 + 1, last: n * 2 + 1 })),
        },
      ],
    ],
  ])('asks a peer ever more rarely that claims %s and serves nothing', async (_, heads) => {
    const peer = await attack(lie(heads));
    await until(() => peer.count('request') > 0, 'it is asked');
    await sleep(1_500);
    expect(peer.count('request')).toBeLessThan(12);
    expect(peer.count('heads-wanted')).toBeLessThan(15);
    expect(a.mesh.gaps()).toEqual([]);
    await stillWorks();
  });

  it('takes from an honest peer what a liar claims and holds back', async () => {
    const hang = () => new Promise<void>(() => {});
    const b = await world.node('b');
    await b.mesh.publishMany(numbers(1, 50).map((payload) => ({ topic: 't', payload })));
    const log = b.mesh.logs().find(({ channel }) => channel === 'main')!;
    const claim = {
      log: `${log.author}/${log.epoch}` as LogId,
      last: 2 ** 47,
      lastId: '00'.repeat(16) as EntryId,
      holes: [],
    };
    const peer = await attack(lie(() => [claim], hang));
    await until(() => peer.count('request') > 0, 'the liar is asked');
    b.want(a);
    const subscription = a.mesh.subscribe('#', { from: 'all' });
    expect(await texts(subscription, 50, 5_000)).toEqual(numbers(1, 50));
  });

  it('ends the session of a peer that sends what nobody asked for', async () => {
    const unsolicited = entryOf(a.place.identity);
    const peer = await attack(
      lie(
        () => [headOf(1)],
        async (stream) =>
          stream.send(
            encodeDataFrame({ kind: 'entries', entries: [{ ageMs: 0, bytes: unsolicited.bytes }] }),
          ),
      ),
    );
    await counted('sync.unsolicited');
    await until(() => peer.ended > 0, 'the session ends');
    expect(a.mesh.logs().some(({ epoch }) => epoch === EPOCH)).toBe(false);
  });

  it.each([
    ['malformed', (entry: Entry) => entry.bytes.subarray(0, 50), 'entry.malformed'],
    ['oversized', () => new Uint8Array(1_310_721), 'entry.too-large'],
  ])('ends the session of a peer that serves a %s entry', async (_, spoil, code) => {
    const peer = await attack(
      lie(
        () => [headOf(1)],
        async (stream) =>
          stream.send(
            encodeDataFrame({
              kind: 'entries',
              entries: [{ ageMs: 0, bytes: spoil(entryOf(a.place.identity)) }],
            }),
          ),
      ),
    );
    await counted(code);
    await until(() => peer.ended > 0, 'the session ends');
  });

  it('keeps what is good around a corrupt entry under a valid last one, and gets the rest from another', async () => {
    const author = await world.node('author');
    const run: Entry[] = [];
    for (let seq = 1; seq <= 9; seq++)
      run.push(entryOf(author.place.identity, { seq, prev: run.at(-1)?.id ?? null }));
    await world.link(author, a);
    const corrupt = Uint8Array.from(run[4]!.bytes);
    corrupt[corrupt.length - 70]! ^= 1;
    const log = `${author.mesh.node}/${EPOCH}` as LogId;
    const claim = { log, last: 9, lastId: run[8]!.id, holes: [] };
    const peer = await attack(
      lie(
        () => [claim],
        async (stream) => {
          const entries = run.map(({ bytes }, at) => ({ ageMs: 0, bytes: at === 4 ? corrupt : bytes }));
          await stream.send(encodeDataFrame({ kind: 'entries', entries })).catch(() => {});
          await stream.send(encodeDataFrame({ kind: 'done', withheld: [] })).catch(() => {});
        },
      ),
    );
    await until(() => peer.count('request') > 0, 'it is asked');
    await counted('entry.bad-signature');
    const held = () => a.mesh.logs().find(({ epoch, channel }) => epoch === EPOCH && channel === 'main');
    await until(() => held()?.held === 8, 'the good ones are in');
    expect(a.mesh.gaps()).toMatchObject([{ first: 5, last: 5 }]);
    const honest = await world.node('honest');
    for (const { bytes } of run) honest.gossipIn(bytes);
    await world.link(author, honest);
    honest.want(a);
    await until(() => held()?.held === 9, 'the rest is in');
  });

  it('takes what is served beside what was asked for as the fault of the peer', async () => {
    const author = await world.node('author');
    await world.link(author, a);
    const run: Entry[] = [];
    for (let seq = 1; seq <= 9; seq++)
      run.push(entryOf(author.place.identity, { seq, prev: run.at(-1)?.id ?? null }));
    const log = `${author.mesh.node}/${EPOCH}` as LogId;
    const peer = await attack(
      lie(
        () => [{ log, last: 3, lastId: run[2]!.id, holes: [] }],
        async (stream) => {
          const entries = run.slice(3).map(({ bytes }) => ({ ageMs: 0, bytes }));
          await stream.send(encodeDataFrame({ kind: 'entries', entries })).catch(() => {});
        },
      ),
    );
    await counted('sync.unsolicited');
    await until(() => peer.ended > 0, 'the session ends');
    expect(a.mesh.logs().some(({ epoch }) => epoch === EPOCH)).toBe(false);
  });

  it.each([
    ['a step out of turn', 4, [{ to: null, kind: 'same' }]],
    ['ranges that nobody can have cut', 0, [{ to: '00', kind: 'heads', answer: true, heads: [headOf(1)] }]],
  ] as const)('ends the session of a peer that reconciles with %s', async (_, step, items) => {
    let said = false;
    const peer = await attack({
      version: 2,
      onControl: (frame, stream) => {
        if (frame.kind !== 'hello' || said) return;
        said = true;
        const base = { root: '11'.repeat(16), offset: null };
        const shared = { kind: 'reconcile', channel: 'main', more: false, from: '', base } as const;
        const first = {
          ...shared,
          step: 0,
          items: [{ to: null, kind: 'fingerprint', fingerprint: '22'.repeat(16) }],
        } as const;
        void stream.send(hello('11'.repeat(16))).catch(() => {});
        if (step > 0) void stream.send(encodeControlFrame(first)).catch(() => {});
        void stream.send(encodeControlFrame({ ...shared, step, items })).catch(() => {});
      },
    });
    await counted('sync.lying-heads');
    await until(() => peer.ended > 0, 'the session ends');
    await stillWorks();
  });

  it('stops reading a peer that asks for heads without end and reads no answer', async () => {
    let taken = 0;
    const asked = 60_000;
    const question = encodeControlFrame({ kind: 'heads-wanted', channel: 'main', since: null });
    await attack({
      onControl: async (frame, stream) => {
        if (frame.kind !== 'hello') return;
        for (; taken < asked; taken++) await stream.send(question);
      },
    });
    await until(() => taken > 1_000, 'it asks', 10_000);
    let before = -1;
    await until(
      () => {
        const still = taken === before;
        before = taken;
        return still;
      },
      'it is held back',
      10_000,
    );
    expect(taken).toBeLessThan(asked);
    await stillServes();
  });

  it('answers a flood of reconciliations with no more than it is asked', async () => {
    for (let n = 0; n < 100; n++) {
      const epoch = n.toString(16).padStart(16, '0') as EpochId;
      a.gossipIn(entryOf(a.place.identity, { epoch }).bytes);
    }
    await until(() => a.mesh.logs().length > 100, 'all are in');
    let bytes = 0;
    let rounds = 0;
    const begin = (stream: OverlayStream) => {
      const items = [{ to: null, kind: 'fingerprint', fingerprint: '22'.repeat(16) }] as const;
      const base = { root: '11'.repeat(16), offset: null };
      const frame = {
        kind: 'reconcile',
        channel: 'main',
        step: 0,
        more: false,
        from: '',
        base,
        items,
      } as const;
      void stream.send(encodeControlFrame(frame)).catch(() => {});
    };
    const peer = await attack(
      {
        version: 2,
        onControl: (frame, stream) => {
          if (frame.kind === 'hello' && rounds === 0)
            void stream.send(hello('11'.repeat(16))).catch(() => {});
          if (frame.kind !== 'hello' && frame.kind !== 'reconcile') return;
          if (frame.kind === 'reconcile') bytes += encodeControlFrame(frame).length;
          if (rounds++ < 500) begin(stream);
        },
      },
      lowIdentity(true, a.mesh.node),
    );
    await until(() => rounds >= 500, 'it answers', 10_000);
    expect(bytes / rounds).toBeLessThan(600);
    expect(peer.count('request')).toBe(0);
    await stillServes();
  });

  it.each([0, 1, 64 * 1024 * 1024])('serves within a credit of %i', async (credit) => {
    for (let n = 0; n < 50; n++) await a.mesh.publish('t', new Uint8Array(5_000));
    const peer = await attack();
    await until(() => peer.count('hello') > 0, 'admitted');
    const log = a.mesh.logs().find(({ channel }) => channel === 'main')!;
    const stream = await peer.dataStream(a);
    const ranges = [{ first: 1, last: 2 ** 47 }];
    await stream.send(
      encodeDataFrame({
        kind: 'request',
        channel: 'main',
        credit,
        logs: [{ log: `${log.author}/${log.epoch}` as LogId, ranges }],
      }),
    );
    let bytes = 0;
    void (async () => {
      for await (const frame of stream.frames) bytes += frame.length;
    })().catch(() => {});
    await sleep(100);
    if (credit === 0) expect(bytes).toBe(0);
    else if (credit === 1) expect(bytes).toBeLessThan(10_000);
    else expect(bytes).toBeGreaterThan(250_000);
    await stillServes();
    stream.abort();
  });

  async function stillServes(): Promise<void> {
    await a.mesh.publish('x', 'y');
  }

  it('does not let a request for a million ranges hold it up', async () => {
    await a.mesh.publish('t', 'x');
    const peer = await attack();
    await until(() => peer.count('hello') > 0, 'admitted');
    const ranges = Array.from({ length: 1_024 }, (_, n) => ({ first: n * 2 + 1, last: n * 2 + 1 }));
    const logs = Array.from({ length: 200 }, (_, n) => ({ log: logOf(n), ranges }));
    const startedAt = performance.now();
    const stream = await peer.dataStream(a);
    await stream.send(encodeDataFrame({ kind: 'request', channel: 'main', credit: 1, logs }));
    await stream.frames[Symbol.asyncIterator]().next();
    expect(performance.now() - startedAt).toBeLessThan(1_500);
  });

  describe('by gossip', () => {
    let mallory: Identity;

    beforeEach(() => {
      mallory = Identity.generate();
    });

    const grant = () => {
      const chain = new HostilePeer(world, {}, mallory).chain;
      a.gossipIn(
        entryOf(mallory, {
          channel: '$realm',
          messages: [{ topic: '$realm/grant', payload: encodeChainPayload(chain), timeMs: 1 }],
        }).bytes,
      );
      return until(() => a.realm.standing(mallory.nodeId).status === 'granted', 'mallory is granted');
    };

    it('refuses what is forged, of another realm, or malformed, and counts it', async () => {
      await grant();
      const entry = entryOf(mallory);
      const forged = entry.bytes.slice();
      forged[forged.length - 1]! ^= 1;
      a.gossipIn(forged);
      await counted('entry.bad-signature');
      const other = new Realm(createRealm({ name: 'other' }).anchor);
      a.gossipIn(entryOf(mallory, {}, other.entryAad()).bytes);
      await until(() => a.counters.get('entry.bad-signature') === 2, 'the other realm is refused');
      for (const bytes of [
        randomBytes(200),
        new Uint8Array(0),
        entry.bytes.subarray(0, 90),
        new Uint8Array(60_000).fill(0x81),
      ])
        a.gossipIn(bytes);
      await until(() => a.counters.get('entry.malformed') === 4, 'malformed ones are counted');
      a.gossipIn(new Uint8Array(70_000));
      await counted('gossip.malformed');
      await stillWorks();
    });

    it('takes a replay for what it is', async () => {
      await grant();
      const entry = entryOf(mallory);
      for (let n = 0; n < 5; n++) a.gossipIn(entry.bytes);
      await until(() => a.mesh.logs().some(({ epoch, held }) => epoch === EPOCH && held === 1), 'stored');
      await a.restart();
      a.gossipIn(entry.bytes);
      await a.mesh.publish('t', 'x');
      expect(
        a.mesh.logs().filter(({ epoch, channel }) => epoch === EPOCH && channel === 'main'),
      ).toMatchObject([{ held: 1 }]);
      expect(await texts(a.mesh.subscribe('#', { from: 'all' }), 2)).toEqual(
        expect.arrayContaining(['evil 1', 'x']),
      );
    });

    it('ends the epoch at the lower of two entries for one number, and goes on with all else', async () => {
      await grant();
      const first = entryOf(mallory);
      const second = entryOf(mallory, { seq: 2, prev: first.id });
      a.gossipIn(first.bytes);
      a.gossipIn(second.bytes);
      const other = [{ topic: 't', payload: Buffer.from('other'), timeMs: 1 }];
      a.gossipIn(entryOf(mallory, { seq: 2, prev: first.id, messages: other }).bytes);
      await counted('entry.forked');
      a.gossipIn(entryOf(mallory, { seq: 3, prev: second.id }).bytes);
      await counted('entry.after-end');
      a.gossipIn(entryOf(mallory, { epoch: '00000000000000bb' as EpochId }).bytes);
      await a.mesh.publish('t', 'good');
      const subscription = a.mesh.subscribe('#', { from: 'all' });
      expect((await texts(subscription, 3)).sort()).toEqual(['evil 1', 'evil 1', 'good']);
      expect(await within(subscription, 30)).toEqual([]);
      expect(a.mesh.forks()).toMatchObject([
        { author: mallory.nodeId, epoch: EPOCH, end: 2, kind: 'overlap' },
      ]);
      expect(a.mesh.status().problems).toMatchObject([{ code: 'entry.forked', severity: 'alarm' }]);
    });

    it('parks what strangers write, within its quota, and lets it in with their grant', async () => {
      const entries: Entry[] = [];
      for (let seq = 1; seq <= 70; seq++)
        entries.push(entryOf(mallory, { seq, prev: entries.at(-1)?.id ?? null }));
      for (const { bytes } of entries) a.gossipIn(bytes);
      await until(() => a.mesh.status().parked === 64, '64 are parked');
      expect(a.counters.get('entry.parked-full')).toBe(6);
      expect(await within(a.mesh.subscribe('#', { from: 'all' }), 20)).toEqual([]);
      const subscription = a.mesh.subscribe('#', { from: 'all' });
      const chain = new HostilePeer(world, {}, mallory).chain;
      const payload = encodeChainPayload(chain);
      a.gossipIn(
        entryOf(mallory, { channel: '$realm', messages: [{ topic: '$realm/grant', payload, timeMs: 1 }] })
          .bytes,
      );
      expect(await texts(subscription, 64)).toEqual(entries.slice(0, 64).map(({ seq }) => `evil ${seq}`));
      expect(a.mesh.status().parked).toBe(0);
    });

    it('counts what a revoked node published before, and nothing after', async () => {
      await grant();
      const first = entryOf(mallory);
      a.gossipIn(first.bytes);
      await until(
        () => a.mesh.logs().some(({ epoch, channel }) => epoch === EPOCH && channel === 'main'),
        'stored',
      );
      await a.mesh.revoke(mallory.nodeId);
      a.gossipIn(entryOf(mallory, { seq: 2, prev: first.id }).bytes);
      a.gossipIn(entryOf(mallory, { epoch: '00000000000000bb' as EpochId }).bytes);
      await until(() => a.counters.get('entry.revoked-author') === 2, 'both are refused');
      const b = await world.node('b');
      await world.link(a, b);
      const subscription = b.mesh.subscribe('#', { from: 'all' });
      expect(await texts(subscription, 1)).toEqual(['evil 1']);
      expect(await within(subscription, 30)).toEqual([]);
    });

    it('is not led to numbers that nobody can read by a lamport time out of bounds', async () => {
      await grant();
      a.gossipIn(entryOf(mallory, { lamport: 2 ** 48 - 1 }).bytes);
      await until(
        () => a.mesh.logs().some(({ epoch, channel }) => epoch === EPOCH && channel === 'main'),
        'stored',
      );
      const b = await world.node('b');
      await world.link(a, b);
      await a.mesh.publish('t', 'good');
      await a.restart();
      await a.mesh.publish('t', 'good again');
      expect(await texts(b.mesh.subscribe('#', { from: 'all' }), 3)).toEqual(
        expect.arrayContaining(['evil 1', 'good', 'good again']),
      );
    });
  });

  it('disconnects a revoked peer, which sees why', async () => {
    const b = await world.node('b');
    await world.link(a, b);
    await a.mesh.revoke('b');
    await until(() => b.mesh.status().problems.some(({ code }) => code === 'realm.revoked'), 'b knows');
    await until(() => a.mesh.status().peersConnected === 0, 'b is disconnected');
  });
});

/** An identity whose id is above (or below) another: the lower one opens the control stream. */
function lowIdentity(below: boolean, than: string): Identity {
  for (;;) {
    const identity = Identity.generate();
    if (identity.nodeId < than === below) return identity;
  }
}
