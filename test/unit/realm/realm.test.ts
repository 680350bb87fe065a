import { describe, expect, it } from 'vitest';
import { Identity } from '../../../src/identity/index.ts';
import {
  encodeChainPayload,
  grantNode,
  makeRecord,
  makeRevocation,
  Realm,
  type Role,
} from '../../../src/realm/index.ts';
import {
  EPOCH,
  grantIdOf,
  joinBy,
  joinWith,
  makeWorld,
  NOW_MS,
  permutations,
  revoke,
  rootOf,
} from './realm-world.ts';

describe('Realm and grants', () => {
  it('does not know a node before its chain', () => {
    const world = makeWorld();
    const { node } = joinBy(world);
    expect(world.realm.standing(node.nodeId)).toEqual({ status: 'unknown' });
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 1)).toBe('unknown');
    expect(world.realm.chainOf(node.nodeId)).toBeNull();
  });

  it('grants a node that shows its chain', () => {
    const world = makeWorld();
    const { node, chain, inviteId } = joinBy(world, { name: 'greenhouse' });
    const grant = world.realm.offerGrantChain(chain);
    expect(grant.ok && grant.value.name).toBe('greenhouse');
    expect(world.realm.standing(node.nodeId)).toMatchObject({
      status: 'granted',
      role: 'member',
      name: 'greenhouse',
    });
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 1_000)).toBe('granted');
    expect(world.realm.chainOf(node.nodeId)).toEqual(chain);
    expect(world.realm.nodes()).toEqual([
      {
        node: node.nodeId,
        name: 'greenhouse',
        role: 'member',
        grantedAtMs: NOW_MS,
        invite: inviteId,
        status: 'granted',
      },
    ]);
  });

  it('takes chains, revocations and records as messages of $realm', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    const record = makeRecord({ ...rootOf(world), version: 1, name: 'garden', channels: [], shards: 2 });
    expect(world.realm.offer('$realm/grant', encodeChainPayload(chain))).toMatchObject({
      ok: true,
      value: { kind: 'grant' },
    });
    expect(world.realm.offer('$realm/record', record)).toMatchObject({ ok: true, value: { kind: 'record' } });
    expect(world.realm.offer('$realm/revocation', revoke(world, node.nodeId))).toMatchObject({
      ok: true,
      value: { kind: 'revocation' },
    });
    expect(world.realm.offer('$realm/of-a-later-version', new Uint8Array(3))).toEqual({
      ok: true,
      value: { kind: 'ignored' },
    });
    expect(world.realm.name).toBe('garden');
    expect(world.realm.shards).toBe(2);
    expect(world.realm.standing(node.nodeId).status).toBe('revoked');
  });

  it('refuses messages of $realm that hold anything else', () => {
    const { realm } = makeWorld();
    const malformed = { ok: false, code: 'realm.grant-malformed' };
    expect(realm.offer('$realm/grant', Uint8Array.of(0xff))).toEqual(malformed);
    expect(realm.offer('$realm/grant', Uint8Array.of(0x81, 0x01))).toEqual(malformed);
    expect(realm.offer('$realm/record', Uint8Array.of(1))).toEqual({ ok: false, code: 'cose.bad-frame' });
    expect(realm.offer('$realm/revocation', Uint8Array.of(1))).toEqual({ ok: false, code: 'cose.bad-frame' });
  });

  it('refuses a chain that ends in an invitation', () => {
    const world = makeWorld();
    const { chain } = joinBy(world);
    expect(world.realm.offerGrantChain(chain.slice(0, 1))).toEqual({
      ok: false,
      code: 'realm.grant-broken-chain',
    });
  });

  it('tells its listeners once of each change, until they end it', () => {
    const world = makeWorld();
    let changes = 0;
    const end = world.realm.onChange(() => {
      changes++;
    });
    const { node, chain } = joinBy(world);
    const revocation = revoke(world, node.nodeId);
    const record = makeRecord({ ...rootOf(world), version: 1, name: 'farm', channels: [], shards: 1 });
    for (let round = 0; round < 2; round++) {
      world.realm.offerGrantChain(chain);
      world.realm.offerRecord(record);
      world.realm.offerRevocation(revocation);
    }
    expect(changes).toBe(3);
    end();
    world.realm.offerGrantChain(joinBy(world).chain);
    expect(changes).toBe(3);
  });

  it('prefers the higher role, then the later grant, in any order', () => {
    const world = makeWorld();
    const node = Identity.generate();
    const grant = (name: string, role: Role, issuedAtMs: number) =>
      grantNode({ ...rootOf(world), subject: node.publicKey, name, role, issuedAtMs });
    const chains = [grant('old', 'admin', 1), grant('new', 'admin', 2), grant('member', 'member', 3)];
    for (const order of permutations(chains)) {
      const realm = new Realm(world.anchor);
      for (const chain of order) realm.offerGrantChain(chain);
      expect(realm.standing(node.nodeId)).toMatchObject({ role: 'admin', name: 'new' });
    }
  });

  it('refuses nodes beyond its limit and keeps those it has', () => {
    const world = makeWorld({ nodesMax: 1 });
    const { chain } = joinBy(world);
    expect(world.realm.offerGrantChain(chain).ok).toBe(true);
    expect(world.realm.offerGrantChain(joinBy(world).chain)).toEqual({
      ok: false,
      code: 'realm.too-many-nodes',
    });
    expect(world.realm.offerGrantChain(chain).ok).toBe(true);
  });

  it('finds a node by id, name and the start of its id, and none where several fit', () => {
    const world = makeWorld();
    const [a, b, c] = ['shed', 'barn', 'barn'].map((name) => joinBy(world, { name }));
    for (const { chain } of [a!, b!, c!]) world.realm.offerGrantChain(chain);
    expect(world.realm.findNode(a!.node.nodeId)).toBe(a!.node.nodeId);
    expect(world.realm.findNode('shed')).toBe(a!.node.nodeId);
    expect(world.realm.findNode(a!.node.nodeId.slice(0, 20))).toBe(a!.node.nodeId);
    expect(world.realm.findNode('12D3KooW')).toBeNull();
    expect(world.realm.findNode('barn')).toBeNull();
    expect(world.realm.findNode('attic')).toBeNull();
    world.realm.offerRevocation(revoke(world, b!.node.nodeId));
    expect(world.realm.findNode('barn')).toBe(c!.node.nodeId);
    expect(world.realm.nameOf(c!.node.nodeId)).toBe('barn');
    expect(world.realm.nameOf(Identity.generate().nodeId)).toBe('');
  });
});

describe('Realm when a node asks to be admitted', () => {
  it('admits who joined in time and shows up only after the invitation expired', () => {
    const world = makeWorld();
    const { chain } = joinBy(world, { expiresAtMs: NOW_MS + 1_000 });
    world.clockMs = NOW_MS + 1_000;
    expect(world.realm.offerGrantChain(chain, { admitting: true }).ok).toBe(true);
  });

  it('refuses one node more than the invitation allows', () => {
    const world = makeWorld();
    const first = joinBy(world, { uses: 2 });
    const [second, third] = [joinWith(first.token, 'b'), joinWith(first.token, 'c')];
    expect(world.realm.offerGrantChain(first.chain, { admitting: true }).ok).toBe(true);
    expect(world.realm.offerGrantChain(second.chain, { admitting: true }).ok).toBe(true);
    expect(world.realm.offerGrantChain(third.chain, { admitting: true })).toEqual({
      ok: false,
      code: 'realm.token-used',
    });
    expect(world.realm.offerGrantChain(first.chain, { admitting: true }).ok).toBe(true);
  });

  it('shows the overuse of an invitation that others admitted', () => {
    const world = makeWorld();
    const first = joinBy(world, { uses: 1 });
    const second = joinWith(first.token, 'b');
    world.realm.offerGrantChain(first.chain);
    expect(world.realm.inviteUses()).toMatchObject([
      { invite: first.inviteId, uses: 1, used: 1, overused: false },
    ]);
    world.realm.offerGrantChain(second.chain);
    const [use] = world.realm.inviteUses();
    expect(use).toMatchObject({ invite: first.inviteId, uses: 1, used: 2, overused: true });
    expect(new Set(use!.nodes)).toEqual(new Set([first.node.nodeId, second.node.nodeId]));
  });

  it('refuses a revoked node', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    world.realm.offerRevocation(revoke(world, node.nodeId));
    expect(world.realm.offerGrantChain(chain, { admitting: true })).toEqual({
      ok: false,
      code: 'realm.revoked',
    });
  });
});

describe('Realm and revocations', () => {
  it('lets entries up to the last number count and nothing after or beside', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    world.realm.offerGrantChain(chain);
    world.realm.offerRevocation(revoke(world, node.nodeId, { last: 7 }));
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 7)).toBe('granted');
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 8)).toBe('revoked');
    expect(world.realm.allows(node.nodeId, 'alarm', EPOCH, 1)).toBe('revoked');
    expect(world.realm.allows(node.nodeId, 'main', 'ffffffffffffffff', 1)).toBe('revoked');
    const standing = world.realm.standing(node.nodeId);
    expect(standing.status === 'revoked' && standing.through('main', EPOCH)).toBe(7);
    expect(standing.status === 'revoked' && standing.through('alarm', EPOCH)).toBe(0);
  });

  it('waits for the grant where the revocation came first', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    world.realm.offerRevocation(revoke(world, node.nodeId, { last: 7 }));
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 7)).toBe('unknown');
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 8)).toBe('revoked');
    world.realm.offerGrantChain(chain);
    expect(world.realm.allows(node.nodeId, 'main', EPOCH, 7)).toBe('granted');
  });

  it('merges revocations to the same end in any order and number', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    const log = (channel: string, last: number) => ({ channel, epoch: EPOCH, last });
    const make = (logs: ReturnType<typeof log>[]) =>
      makeRevocation({ ...rootOf(world), subject: node.nodeId, logs, keeps: [], issuedAtMs: NOW_MS });
    const revocations = [
      make([log('main', 9), log('alarm', 5)]),
      make([log('main', 7), log('alarm', 6), log('extra', 3)]),
      make([log('alarm', 8), log('main', 8)]),
    ];
    for (const order of permutations([...revocations, revocations[0]!])) {
      const realm = new Realm(world.anchor);
      realm.offerGrantChain(chain);
      for (const revocation of order) expect(realm.offerRevocation(revocation).ok).toBe(true);
      const standing = realm.standing(node.nodeId);
      if (standing.status !== 'revoked') throw new Error('not revoked');
      const ends = ['main', 'alarm', 'extra'].map((channel) => standing.through(channel, EPOCH));
      expect(ends).toEqual([7, 5, 0]);
    }
  });

  it('takes a revocation by an admin with its chain', () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin' });
    const { node } = joinBy(world);
    const bytes = revoke(world, node.nodeId, { issuer: admin.node, issuerChain: admin.chain });
    expect(world.realm.offerRevocation(bytes).ok).toBe(true);
    expect(world.realm.standing(node.nodeId).status).toBe('revoked');
  });

  it('drops with an admin whatever it granted and the revocation does not keep, in any order', () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin', name: 'admin' });
    const by = { issuer: admin.node, issuerChain: admin.chain };
    const [kept, dropped] = [joinBy(world, { ...by, role: 'admin' }), joinBy(world, by)];
    const below = joinBy(world, { issuer: kept.node, issuerChain: kept.chain });
    const steps: ((realm: Realm) => void)[] = [
      (realm) => void realm.offerGrantChain(kept.chain),
      (realm) => void realm.offerGrantChain(dropped.chain),
      (realm) => void realm.offerGrantChain(below.chain),
      (realm) => void realm.offerRevocation(revoke(world, admin.node.nodeId, { keeps: [grantIdOf(kept)] })),
    ];
    for (const order of permutations(steps)) {
      const realm = new Realm(world.anchor);
      for (const step of order) step(realm);
      const statuses = [admin, kept, dropped, below].map(({ node }) => realm.standing(node.nodeId).status);
      expect(statuses).toEqual(['revoked', 'granted', 'unknown', 'granted']);
      expect(realm.offerGrantChain(dropped.chain)).toEqual({ ok: false, code: 'realm.revoked' });
    }
  });

  it('keeps only those whom every revocation of an admin keeps', () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin' });
    const by = { issuer: admin.node, issuerChain: admin.chain };
    const [both, one] = [joinBy(world, by), joinBy(world, by)];
    const wide = revoke(world, admin.node.nodeId, { keeps: [grantIdOf(both), grantIdOf(one)] });
    const narrow = revoke(world, admin.node.nodeId, { keeps: [grantIdOf(both)] });
    for (const order of permutations([wide, narrow])) {
      const realm = new Realm(world.anchor);
      for (const { chain } of [both, one]) realm.offerGrantChain(chain);
      for (const revocation of order) realm.offerRevocation(revocation);
      expect(realm.standing(both.node.nodeId).status).toBe('granted');
      expect(realm.standing(one.node.nodeId).status).toBe('unknown');
    }
  });

  it('stops an invitation whose key is revoked, and keeps those who joined', () => {
    const world = makeWorld();
    const first = joinBy(world, { uses: 0 });
    world.realm.offerGrantChain(first.chain);
    const [use] = world.realm.inviteUses();
    expect(world.realm.grantedThrough(use!.key)).toEqual([grantIdOf(first)]);
    world.realm.offerRevocation(revoke(world, use!.key, { keeps: world.realm.grantedThrough(use!.key) }));
    expect(world.realm.offerGrantChain(joinWith(first.token, 'late').chain)).toEqual({
      ok: false,
      code: 'realm.revoked',
    });
    expect(world.realm.standing(first.node.nodeId).status).toBe('granted');
  });

  it('says which nodes an admin granted, so that its revocation can keep them', () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin' });
    const invited = joinBy(world, { issuer: admin.node, issuerChain: admin.chain });
    for (const { chain } of [admin, invited, joinBy(world)]) world.realm.offerGrantChain(chain);
    expect(world.realm.grantedThrough(admin.node.nodeId)).toEqual([grantIdOf(invited)]);
  });
});

describe('Realm records', () => {
  const channels = [
    { name: 'alarm', filter: 'alarm/#' },
    { name: 'fire', filter: 'alarm/fire/#' },
  ];

  it('has main and $realm before any record', () => {
    const { realm } = makeWorld();
    expect(realm.channels()).toEqual([]);
    expect(realm.channelNames()).toEqual(['$realm', 'main']);
    expect(realm.recordVersion).toBe(0);
    expect(realm.shards).toBe(1);
    expect(realm.name).toBe('farm');
    expect(realm.channelOf('alarm/door')).toBe('main');
    expect(realm.channelOf('$realm/grant')).toBe('$realm');
  });

  it('sends a topic to the channel of the longest prefix', () => {
    const world = makeWorld();
    world.realm.offerRecord(makeRecord({ ...rootOf(world), version: 1, name: 'farm', channels, shards: 3 }));
    const expected = {
      'alarm/door': 'alarm',
      alarm: 'alarm',
      'alarm/fire': 'fire',
      'alarm/fire/hall/2': 'fire',
      'alarm/fires': 'alarm',
      alarms: 'main',
      'site/alarm': 'main',
      $realm: '$realm',
      '$realm/record': '$realm',
      $realms: 'main',
    };
    for (let round = 0; round < 2; round++) {
      const found = Object.keys(expected).map((topic) => [topic, world.realm.channelOf(topic)]);
      expect(Object.fromEntries(found)).toEqual(expected);
    }
    expect(world.realm.channels()).toEqual(channels);
    expect(world.realm.channelNames()).toEqual(['$realm', 'main', 'alarm', 'fire']);
    expect(world.realm.recordVersion).toBe(1);
  });

  it('lets the higher version win, then the higher id, in any order', () => {
    const world = makeWorld();
    const make = (version: number, name: string) =>
      makeRecord({ ...rootOf(world), version, name, channels: [], shards: 1, issuedAtMs: NOW_MS });
    const records = [make(1, 'one'), make(2, 'two'), make(2, 'deux')];
    const names = new Set<string>();
    for (const order of permutations(records)) {
      const realm = new Realm(world.anchor);
      for (const record of order) expect(realm.offerRecord(record).ok).toBe(true);
      names.add(realm.name);
    }
    expect(names.size).toBe(1);
    expect(names.has('one')).toBe(false);
  });

  it('is not moved by the replay of an older record', () => {
    const world = makeWorld();
    const [older, newer] = [1, 2].map((version) =>
      makeRecord({ ...rootOf(world), version, name: `v${version}`, channels: [], shards: version }),
    );
    for (const record of [older!, newer!, older!]) world.realm.offerRecord(record);
    expect(world.realm.name).toBe('v2');
    expect(world.realm.shards).toBe(2);
  });

  it('falls back when the admin who made the record is revoked, in any order', () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin' });
    const by = { anchor: world.anchor, issuer: admin.node, issuerChain: admin.chain };
    const steps: ((realm: Realm) => void)[] = [
      (realm) =>
        void realm.offerRecord(
          makeRecord({ ...rootOf(world), version: 1, name: 'ours', channels, shards: 1 }),
        ),
      (realm) =>
        void realm.offerRecord(
          makeRecord({ ...by, version: 2 ** 47, name: 'theirs', channels: [], shards: 16 }),
        ),
      (realm) => void realm.offerRevocation(revoke(world, admin.node.nodeId)),
    ];
    for (const order of permutations(steps)) {
      const realm = new Realm(world.anchor);
      for (const step of order) step(realm);
      expect([realm.name, realm.shards, realm.channelOf('alarm/x')]).toEqual(['ours', 1, 'alarm']);
    }
  });

  it('refuses more channels than the limit, made or heard', () => {
    const world = makeWorld({ channelsMax: 1 });
    const fields = { ...rootOf(world), version: 1, name: 'farm', channels, shards: 1 };
    expect(() => makeRecord({ ...fields, channelsMax: 1 })).toThrow(
      expect.objectContaining({ code: 'realm.too-many-channels' }),
    );
    expect(world.realm.offerRecord(makeRecord(fields))).toEqual({
      ok: false,
      code: 'realm.too-many-channels',
    });
  });

  it.each([
    ['a name with capitals', [{ name: 'Alarm', filter: 'alarm/#' }]],
    ['the name main', [{ name: 'main', filter: 'alarm/#' }]],
    ['an empty name', [{ name: '', filter: 'alarm/#' }]],
    ['a name of its own twice', [channels[0]!, { name: 'alarm', filter: 'b/#' }]],
    ['a filter twice', [channels[0]!, { name: 'b', filter: 'alarm/#' }]],
    ['a filter that is no prefix', [{ name: 'a', filter: 'alarm' }]],
    ['a filter of everything', [{ name: 'a', filter: '#' }]],
    ['a wildcard in a filter', [{ name: 'a', filter: '+/alarm/#' }]],
    ["a filter of sedge's own", [{ name: 'a', filter: '$realm/#' }]],
  ])('does not make a record with %s', (_, bad) => {
    const world = makeWorld();
    const make = () => makeRecord({ ...rootOf(world), version: 1, name: 'farm', channels: bad, shards: 1 });
    expect(make).toThrow(expect.objectContaining({ code: 'realm.bad-record' }));
  });
});
