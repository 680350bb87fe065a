import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor, sha256Hex16 } from '../../../src/bytes/index.ts';
import type { Identity, NodeId } from '../../../src/identity/index.ts';
import {
  encodeChainPayload,
  grantNode,
  type LogEnd,
  makeRecord,
  makeRevocation,
  REALM_TOPICS,
  Realm,
  type Standing,
} from '../../../src/realm/index.ts';
import { anchor, forgeGrant, NOW_MS, root, sampleKey, sampleRealm, sign } from './sample-realm.ts';

type Chain = readonly Uint8Array[];
const EPOCH = '0011223344556677';
const [a, b, k, x, y, inv] = [31, 32, 33, 34, 35, 36].map(sampleKey) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];
const stranger = sampleKey(40);

/** Who issues something: the root with no chain, or an admin with its own. */
interface By {
  readonly issuer: Identity;
  readonly issuerChain: Chain;
}
const byRoot: By = { issuer: root, issuerChain: [] };

function grant(
  by: By,
  subject: Identity,
  fields: { role?: 'admin' | 'member'; name?: string; issuedAtMs?: number } = {},
): Chain {
  const { role = 'member', name = subject.nodeId.slice(-6), issuedAtMs = NOW_MS } = fields;
  return grantNode({ anchor, ...by, subject: subject.publicKey, name, role, issuedAtMs });
}

function revoke(
  by: By,
  subject: NodeId,
  more: { logs?: LogEnd[]; keeps?: string[]; issuedAtMs?: number } = {},
): Uint8Array {
  return makeRevocation({ anchor, ...by, subject, logs: [], keeps: [], issuedAtMs: NOW_MS, ...more });
}

function record(
  by: By,
  version: number,
  channels: string[] = [],
  more: { name?: string; shards?: number } = {},
): Uint8Array {
  const declared = channels.map((name) => ({ name, filter: `${name}/#` }));
  return makeRecord({
    anchor,
    ...by,
    version,
    name: 'yard',
    channels: declared,
    shards: 1,
    issuedAtMs: NOW_MS,
    ...more,
  });
}

const aChain = grant(byRoot, a, { role: 'admin' });
const bChain = grant(byRoot, b, { role: 'admin' });
const byA: By = { issuer: a, issuerChain: aChain };
const byB: By = { issuer: b, issuerChain: bChain };
const kByA = grant(byA, k);
const xByA = grant(byA, x);
const lastId = (chain: Chain): string => sha256Hex16(chain.at(-1)!);

function realmOf(...objects: (Chain | Uint8Array)[]): Realm {
  const realm = new Realm(anchor);
  for (const object of objects) offer(realm, object);
  return realm;
}

/** Offers an object as the `$realm` channel would. */
function offer(realm: Realm, object: Chain | Uint8Array): string {
  if (Array.isArray(object)) return codeOf(realm.offer(REALM_TOPICS.grant, encodeChainPayload(object)));
  const bytes = object as Uint8Array;
  const revocation = realm.offer(REALM_TOPICS.revocation, bytes);
  // A record has one item more than a revocation.
  if (codeOf(revocation) !== 'realm.grant-malformed') return codeOf(revocation);
  return codeOf(realm.offer(REALM_TOPICS.record, bytes));
}

function codeOf(result: { ok: boolean; code?: string }): string {
  return result.ok ? 'taken' : result.code!;
}

const statusOf = (realm: Realm, node: Identity): Standing['status'] => realm.standing(node.nodeId).status;

describe('the standing of a node', () => {
  it('is unknown until its grants are heard', () => {
    const realm = new Realm(anchor);
    expect(realm.standing(k.nodeId)).toEqual({ status: 'unknown' });
    expect(realm.allows(k.nodeId, 'main', EPOCH, 1)).toBe('unknown');
    expect(realm.chainOf(k.nodeId)).toBeNull();
    expect(offer(realm, kByA)).toBe('taken');
    expect(realm.standing(k.nodeId)).toMatchObject({ status: 'granted', role: 'member' });
    expect(realm.allows(k.nodeId, 'main', EPOCH, 1)).toBe('granted');
    expect(realm.chainOf(k.nodeId)).toEqual(kByA);
  });

  it('ends with a revocation at the number that it names for each log', () => {
    const logs = [
      { channel: 'main', epoch: EPOCH, last: 70 },
      { channel: 'alarm', epoch: EPOCH, last: 2 ** 48 - 1 },
    ];
    const realm = realmOf(kByA, revoke(byRoot, k.nodeId, { logs }));
    expect(statusOf(realm, k)).toBe('revoked');
    expect(realm.allows(k.nodeId, 'main', EPOCH, 70)).toBe('granted');
    expect(realm.allows(k.nodeId, 'main', EPOCH, 71)).toBe('revoked');
    expect(realm.allows(k.nodeId, 'alarm', EPOCH, 2 ** 48 - 1)).toBe('granted');
    expect(realm.allows(k.nodeId, 'main', 'ffffffffffffffff', 1)).toBe('revoked');
    expect(realm.allows(k.nodeId, 'other', EPOCH, 1)).toBe('revoked');
    expect(realm.nodes()).toMatchObject([{ node: k.nodeId, status: 'revoked' }]);
  });

  it('of several revocations is what the strictest says of each log', () => {
    const log = (channel: string, last: number): LogEnd => ({ channel, epoch: EPOCH, last });
    const realm = realmOf(
      kByA,
      revoke(byRoot, k.nodeId, { logs: [log('main', 70), log('alarm', 5)] }),
      revoke(byB, k.nodeId, { logs: [log('main', 50)] }),
    );
    expect(realm.allows(k.nodeId, 'main', EPOCH, 50)).toBe('granted');
    expect(realm.allows(k.nodeId, 'main', EPOCH, 51)).toBe('revoked');
    expect(realm.allows(k.nodeId, 'alarm', EPOCH, 1)).toBe('revoked');
  });

  it('stays revoked whatever is granted to the same key later', () => {
    const realm = realmOf(
      kByA,
      revoke(byRoot, k.nodeId),
      grant(byRoot, k, { role: 'admin', issuedAtMs: NOW_MS + 5 }),
    );
    expect(statusOf(realm, k)).toBe('revoked');
    expect(offer(realm, record({ issuer: k, issuerChain: grant(byRoot, k, { role: 'admin' }) }, 9))).toBe(
      'taken',
    );
    expect(realm.recordVersion).toBe(0);
  });

  it('is that of its highest role, then of its latest grant', () => {
    const admin = grant(byA, k, { role: 'admin', name: 'old admin', issuedAtMs: NOW_MS - 9 });
    const realm = realmOf(
      grant(byRoot, k, { name: 'new' }),
      admin,
      grant(byA, k, { name: 'older', issuedAtMs: 1 }),
    );
    expect(realm.standing(k.nodeId)).toMatchObject({ role: 'admin', name: 'old admin' });
    offer(realm, revoke(byRoot, a.nodeId));
    expect(realm.standing(k.nodeId)).toMatchObject({ role: 'member', name: 'new' });
  });
});

describe('a revocation', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['by a stranger', () => sign(stranger, 'revocation', [1, k.publicKey, 1, [], [], []]), 'realm.not-admin'],
    ['by a member', () => sign(k, 'revocation', [1, a.publicKey, 1, [], [], kByA]), 'realm.not-admin'],
    [
      "by a member with an admin's chain",
      () => sign(k, 'revocation', [1, a.publicKey, 1, [], [], aChain]),
      'realm.not-admin',
    ],
    [
      'by a stranger with a chain of its own',
      () =>
        sign(stranger, 'revocation', [
          1,
          k.publicKey,
          1,
          [],
          [],
          [forgeGrant(stranger, { subject: stranger.publicKey, role: 1 })],
        ]),
      'realm.grant-broken-chain',
    ],
    [
      'by an invitation for admins',
      () =>
        sign(inv, 'revocation', [
          1,
          k.publicKey,
          1,
          [],
          [],
          [forgeGrant(root, { subject: inv.publicKey, kind: 0, role: 1 })],
        ]),
      'realm.not-admin',
    ],
    [
      'of another realm',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [], [], []], sampleRealm(9).anchor),
      'cose.bad-signature',
    ],
    ['signed as a record', () => sign(root, 'record', [1, k.publicKey, 1, [], [], []]), 'cose.bad-signature'],
    [
      'of another version',
      () => sign(root, 'revocation', [2, k.publicKey, 1, [], [], []]),
      'realm.grant-malformed',
    ],
    [
      'with an item too many',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [], [], 0, []]),
      'realm.grant-malformed',
    ],
    [
      'of a node named by its id',
      () => sign(root, 'revocation', [1, k.nodeId, 1, [], [], []]),
      'realm.grant-malformed',
    ],
    [
      'that keeps something without an id',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [], [new Uint8Array(32)], []]),
      'realm.grant-malformed',
    ],
    [
      'of a log with a short epoch',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [['main', new Uint8Array(7), 1]], [], []]),
      'realm.grant-malformed',
    ],
    [
      'of a log with a negative number',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [['main', new Uint8Array(8), -1]], [], []]),
      'realm.grant-malformed',
    ],
    [
      'over 256 KiB',
      () => sign(root, 'revocation', [1, k.publicKey, 1, [], [], [], new Uint8Array(262_144)]),
      'realm.grant-malformed',
    ],
  ])('%s is refused', (_what, bytes, code) => {
    const realm = realmOf(aChain, kByA);
    expect(codeOf(realm.offer(REALM_TOPICS.revocation, bytes()))).toBe(code);
    expect(realm.nodes().map(({ status }) => status)).toEqual(['granted', 'granted']);
  });

  it('can be made by root and admins alone', () => {
    expect(() => revoke({ issuer: k, issuerChain: kByA }, x.nodeId)).toThrow(
      expect.objectContaining({ code: 'realm.not-admin' }),
    );
    expect(() => revoke({ issuer: stranger, issuerChain: aChain }, x.nodeId)).toThrow(
      expect.objectContaining({ code: 'realm.not-admin' }),
    );
  });

  it('of an admin takes with it what the admin granted, at any distance', () => {
    const admin2 = grant(byA, y, { role: 'admin' });
    const below = grant({ issuer: y, issuerChain: admin2 }, x);
    const realm = realmOf(aChain, kByA, admin2, below, revoke(byRoot, a.nodeId));
    for (const node of [k, y, x]) expect(statusOf(realm, node)).toBe('unknown');
    expect(statusOf(realm, a)).toBe('revoked');
  });

  it('of an admin keeps what it names, and what follows that', () => {
    const admin2 = grant(byA, y, { role: 'admin' });
    const below = grant({ issuer: y, issuerChain: admin2 }, x);
    const realm = realmOf(kByA, below, revoke(byRoot, a.nodeId, { keeps: [lastId(admin2)] }));
    expect(statusOf(realm, x)).toBe('granted');
    expect(statusOf(realm, k)).toBe('unknown');
  });

  it('of an admin keeps nodes that came by invitations of it, if it names their grants', () => {
    const invitation = forgeGrant(a, { subject: inv.publicKey, kind: 0, name: '', uses: 2 });
    const joined = (node: Identity): Chain => [
      ...aChain,
      invitation,
      forgeGrant(inv, { subject: node.publicKey, name: 'n' }),
    ];
    const before = realmOf(joined(x), joined(y), kByA);
    expect(new Set(before.grantedThrough(a.nodeId))).toEqual(
      new Set([joined(x), joined(y), kByA].map(lastId)),
    );
    expect(new Set(before.grantedThrough(inv.nodeId))).toEqual(new Set([joined(x), joined(y)].map(lastId)));
    const realm = realmOf(
      joined(x),
      joined(y),
      kByA,
      revoke(byRoot, a.nodeId, { keeps: [lastId(joined(x))] }),
    );
    expect([x, y, k].map((node) => statusOf(realm, node))).toEqual(['granted', 'unknown', 'unknown']);
  });

  it('of an invitation takes the nodes that used it, but for those kept', () => {
    const invitation = forgeGrant(root, { subject: inv.publicKey, kind: 0, name: '', uses: 0 });
    const joined = (node: Identity): Chain => [
      invitation,
      forgeGrant(inv, { subject: node.publicKey, name: 'n' }),
    ];
    const realm = realmOf(joined(x), joined(y), revoke(byRoot, inv.nodeId, { keeps: [lastId(joined(x))] }));
    expect([x, y].map((node) => statusOf(realm, node))).toEqual(['granted', 'unknown']);
    expect(offer(realm, joined(k))).toBe('realm.revoked');
  });

  it('of an admin stops grants that it makes afterwards', () => {
    const realm = realmOf(aChain, kByA, revoke(byRoot, a.nodeId, { keeps: [lastId(kByA)] }));
    expect(offer(realm, xByA)).toBe('realm.revoked');
    expect(statusOf(realm, x)).toBe('unknown');
    expect(statusOf(realm, k)).toBe('granted');
  });

  it('of an admin that keeps a node does not let the admin raise that node later', () => {
    const realm = realmOf(kByA, revoke(byRoot, a.nodeId, { keeps: [lastId(kByA)] }));
    const raised = grant(byA, k, { role: 'admin', issuedAtMs: NOW_MS + 1 });
    expect(offer(realm, raised)).toBe('realm.revoked');
    expect(realm.standing(k.nodeId)).toMatchObject({ status: 'granted', role: 'member' });
    expect(offer(realm, revoke({ issuer: k, issuerChain: raised }, b.nodeId))).toBe('realm.revoked');
    offer(realm, record({ issuer: k, issuerChain: raised }, 50, ['stolen']));
    expect(realm.channels()).toEqual([]);
  });

  it('of an admin by the root stops its revocations, but for those kept', () => {
    const early = revoke(byA, x.nodeId);
    const late = revoke(byA, b.nodeId);
    const xChain = grant(byRoot, x);
    const before = realmOf(aChain, bChain, xChain, early);
    expect(before.grantedThrough(a.nodeId)).toEqual([sha256Hex16(early)]);
    const realm = realmOf(
      aChain,
      bChain,
      xChain,
      early,
      revoke(byRoot, a.nodeId, { keeps: [sha256Hex16(early)] }),
    );
    expect(offer(realm, late)).toBe('realm.revoked');
    expect(statusOf(realm, b)).toBe('granted');
    expect(statusOf(realm, x)).toBe('revoked');
  });

  it('that no longer counts gives back the nodes that it took', () => {
    const realm = realmOf(bChain, grant(byB, x), revoke(byA, b.nodeId));
    expect([b, x].map((node) => statusOf(realm, node))).toEqual(['revoked', 'unknown']);
    offer(realm, revoke(byRoot, a.nodeId));
    expect([b, x].map((node) => statusOf(realm, node))).toEqual(['granted', 'granted']);
  });

  it('of an admin by another admin leaves its revocations: only the root judges between them', () => {
    const realm = realmOf(aChain, bChain, revoke(byA, b.nodeId), revoke(byB, a.nodeId));
    expect([a, b].map((node) => statusOf(realm, node))).toEqual(['revoked', 'revoked']);
    offer(realm, revoke(byRoot, b.nodeId));
    expect([a, b].map((node) => statusOf(realm, node))).toEqual(['granted', 'revoked']);
  });

  it('is taken of nodes that are not known, and holds when their grants arrive', () => {
    const realm = realmOf(revoke(byRoot, k.nodeId), kByA);
    expect(statusOf(realm, k)).toBe('revoked');
    expect(realm.nodes()).toMatchObject([{ node: k.nodeId, status: 'revoked' }]);
  });
});

describe('a realm record', () => {
  it('declares channels, name and shards', () => {
    const realm = realmOf(record(byRoot, 3, ['alarm'], { name: 'orchard', shards: 4 }));
    expect([realm.name, realm.shards, realm.recordVersion]).toEqual(['orchard', 4, 3]);
    expect(realm.channels()).toEqual([{ name: 'alarm', filter: 'alarm/#' }]);
    expect(realm.channelNames()).toEqual(['$realm', 'main', 'alarm']);
  });

  it('of a lower version changes nothing, however late it comes', () => {
    const realm = realmOf(record(byRoot, 2, ['new']), record(byRoot, 1, ['old']), record(byA, 1, ['older']));
    expect(realm.channels().map(({ name }) => name)).toEqual(['new']);
  });

  it('falls with the admin that made it, and the one before rises', () => {
    const realm = realmOf(record(byRoot, 1, ['first']), record(byA, 2 ** 48 - 1, ['second']));
    expect(realm.channelOf('second/x')).toBe('second');
    offer(realm, revoke(byRoot, a.nodeId));
    expect(realm.channels().map(({ name }) => name)).toEqual(['first']);
    expect([realm.channelOf('second/x'), realm.channelOf('first/x')]).toEqual(['main', 'first']);
  });

  it('of an admin whose grants fell is refused', () => {
    const admin2 = grant(byA, y, { role: 'admin' });
    const realm = realmOf(admin2, revoke(byRoot, a.nodeId));
    expect(offer(realm, record({ issuer: y, issuerChain: admin2 }, 5, ['late']))).toBe('realm.revoked');
  });

  it('of an admin with two chains falls with the chain that it names', () => {
    const direct: By = { issuer: y, issuerChain: grant(byRoot, y, { role: 'admin' }) };
    const throughA: By = { issuer: y, issuerChain: grant(byA, y, { role: 'admin' }) };
    const realm = realmOf(record(direct, 1, ['first']), record(throughA, 2, ['second']));
    expect(realm.channels().map(({ name }) => name)).toEqual(['second']);
    offer(realm, revoke(byRoot, a.nodeId));
    expect(realm.channels().map(({ name }) => name)).toEqual(['first']);
  });

  it('counts for nothing if its admin was revoked before it came', () => {
    const realm = realmOf(revoke(byRoot, a.nodeId), record(byA, 5, ['late']));
    expect(realm.channels()).toEqual([]);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['by a stranger', () => sign(stranger, 'record', [1, 9, 'yard', [], 1, 1, []]), 'realm.not-admin'],
    ['by a member', () => sign(k, 'record', [1, 9, 'yard', [], 1, 1, kByA]), 'realm.not-admin'],
    [
      'of another realm',
      () => sign(root, 'record', [1, 9, 'yard', [], 1, 1, []], sampleRealm(9).anchor),
      'cose.bad-signature',
    ],
    ['of version 0', () => sign(root, 'record', [1, 0, 'yard', [], 1, 1, []]), 'realm.bad-record'],
    ['without a name', () => sign(root, 'record', [1, 9, '', [], 1, 1, []]), 'realm.bad-record'],
    ['of 17 shards', () => sign(root, 'record', [1, 9, 'yard', [], 17, 1, []]), 'realm.bad-record'],
    ['of no shards', () => sign(root, 'record', [1, 9, 'yard', [], 0, 1, []]), 'realm.bad-record'],
    [
      'with a channel main',
      () => sign(root, 'record', [1, 9, 'yard', [['main', 'a/#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a channel of $',
      () => sign(root, 'record', [1, 9, 'yard', [['$realm', 'a/#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a channel in capitals',
      () => sign(root, 'record', [1, 9, 'yard', [['A', 'a/#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a channel of all topics',
      () => sign(root, 'record', [1, 9, 'yard', [['a', '#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a filter that is no prefix',
      () => sign(root, 'record', [1, 9, 'yard', [['a', 'a/+/#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a filter of one topic',
      () => sign(root, 'record', [1, 9, 'yard', [['a', 'a/b']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a filter of $ topics',
      () => sign(root, 'record', [1, 9, 'yard', [['a', '$realm/#']], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with a channel twice',
      () =>
        sign(root, 'record', [
          1,
          9,
          'yard',
          [
            ['a', 'a/#'],
            ['a', 'b/#'],
          ],
          1,
          1,
          [],
        ]),
      'realm.bad-record',
    ],
    [
      'with a filter twice',
      () =>
        sign(root, 'record', [
          1,
          9,
          'yard',
          [
            ['a', 'a/#'],
            ['b', 'a/#'],
          ],
          1,
          1,
          [],
        ]),
      'realm.bad-record',
    ],
    [
      'with channels that are no pairs',
      () => sign(root, 'record', [1, 9, 'yard', ['a'], 1, 1, []]),
      'realm.bad-record',
    ],
    [
      'with 257 channels',
      () =>
        sign(root, 'record', [
          1,
          9,
          'yard',
          Array.from({ length: 257 }, (_, n) => [`c${n}`, `c${n}/#`]),
          1,
          1,
          [],
        ]),
      'realm.too-many-channels',
    ],
  ])('%s is refused', (_what, bytes, code) => {
    const realm = realmOf(record(byRoot, 1, ['first']));
    expect(codeOf(realm.offer(REALM_TOPICS.record, bytes()))).toBe(code);
    expect(realm.recordVersion).toBe(1);
  });

  it('is not made with what would be refused', () => {
    const code = (expected: string) => expect.objectContaining({ code: expected });
    expect(() => record(byRoot, 0)).toThrow(code('realm.bad-record'));
    expect(() => record(byRoot, 1, ['main'])).toThrow(code('realm.bad-record'));
    expect(() => record(byRoot, 1, ['a'], { name: '' })).toThrow(code('realm.bad-name'));
    expect(() => record(byRoot, 1, ['a'], { shards: 17 })).toThrow(code('realm.bad-record'));
    expect(() =>
      record(
        byRoot,
        1,
        Array.from({ length: 257 }, (_, n) => `c${n}`),
      ),
    ).toThrow(code('realm.too-many-channels'));
    expect(() => record({ issuer: k, issuerChain: kByA }, 1)).toThrow(code('realm.not-admin'));
  });

  it("follows the node's own limit of channels", () => {
    const many = makeRecord({
      anchor,
      ...byRoot,
      version: 1,
      name: 'yard',
      channels: Array.from({ length: 300 }, (_, n) => ({ name: `c${n}`, filter: `c${n}/#` })),
      shards: 1,
      channelsMax: 300,
    });
    expect(codeOf(new Realm(anchor, { channelsMax: 300 }).offerRecord(many))).toBe('taken');
    expect(codeOf(new Realm(anchor).offerRecord(many))).toBe('realm.too-many-channels');
  });
});

describe('the channel of a topic', () => {
  const declared = [
    { name: 'alarm', filter: 'alarm/#' },
    { name: 'fire', filter: 'alarm/fire/#' },
    { name: 'deep', filter: 'a/b/c/#' },
    { name: 'empty', filter: 'x//#' },
  ];
  const realm = realmOf(
    makeRecord({ anchor, ...byRoot, version: 1, name: 'yard', channels: declared, shards: 1 }),
  );

  it.each([
    ['alarm', 'alarm'],
    ['alarm/door', 'alarm'],
    ['alarm/', 'alarm'],
    ['alarms', 'main'],
    ['alarm/fire', 'fire'],
    ['alarm/fire/hall/1', 'fire'],
    ['alarm/fires', 'alarm'],
    ['a/b', 'main'],
    ['a/b/c', 'deep'],
    ['a/b/c/d', 'deep'],
    ['/alarm', 'main'],
    ['/', 'main'],
    ['x/', 'empty'],
    ['x//y', 'empty'],
    ['x/y', 'main'],
    ['$realm', '$realm'],
    ['$realm/grant', '$realm'],
    ['$realms', 'main'],
  ])('%j is %j', (topic, channel) => {
    expect(realm.channelOf(topic)).toBe(channel);
    expect(realm.channelOf(topic)).toBe(channel);
  });

  it('is that of the longest prefix for any topic, asked for in any order and number', () => {
    const level = fc.constantFrom('alarm', 'fire', 'a', 'b', 'c', 'x', '', 'hall');
    const topics = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join('/'));
    fc.assert(
      fc.property(topics, (topic) => {
        fc.pre(topic !== '');
        const fits = declared.filter(({ filter }) => `${topic}/`.startsWith(filter.slice(0, -1)));
        const best = fits.sort((p, q) => q.filter.length - p.filter.length)[0];
        expect(realm.channelOf(topic)).toBe(best?.name ?? 'main');
      }),
    );
    for (let index = 0; index < 9_000; index++) realm.channelOf(`alarm/fire/${index}`);
    expect(realm.channelOf('alarm/fire/1')).toBe('fire');
  });
});

describe('invitations', () => {
  it('that were used too often show it', () => {
    const invitation = forgeGrant(root, { subject: inv.publicKey, kind: 0, name: '', uses: 1 });
    const joined = (node: Identity): Chain => [
      invitation,
      forgeGrant(inv, { subject: node.publicKey, name: 'n' }),
    ];
    const realm = realmOf(joined(x), joined(x));
    const invite = sha256Hex16(invitation);
    expect(realm.inviteUses()).toMatchObject([{ invite, uses: 1, used: 1, overused: false }]);
    offer(realm, joined(y));
    expect(realm.inviteUses()).toMatchObject([{ invite, uses: 1, used: 2, overused: true }]);
    expect(realm.nodes().map((node) => node.invite)).toEqual([invite, invite]);
  });
});

describe('nodes', () => {
  const realm = realmOf(
    grant(byRoot, k, { name: 'gate' }),
    grant(byRoot, x, { name: 'twin' }),
    grant(byRoot, y, { name: 'twin' }),
  );

  it('are found by id, name or the beginning of an id', () => {
    expect(realm.findNode('gate')).toBe(k.nodeId);
    expect(realm.findNode(x.nodeId)).toBe(x.nodeId);
    expect(realm.findNode(x.nodeId.slice(0, 20))).toBe(x.nodeId);
    expect(realm.nameOf(k.nodeId)).toBe('gate');
    expect(realm.nameOf(stranger.nodeId)).toBe('');
  });

  it('are not found where that is none or more than one', () => {
    for (const text of ['', 'none', 'twin', '12D3', 'gat', '12D'])
      expect(realm.findNode(text), text).toBeNull();
  });
});

describe('changes', () => {
  it('are told once, and not for what was known', () => {
    const realm = new Realm(anchor);
    let changes = 0;
    const stop = realm.onChange(() => changes++);
    const objects = [kByA, revoke(byRoot, x.nodeId), record(byRoot, 1, ['alarm'])];
    for (const object of objects) offer(realm, object);
    expect(changes).toBe(3);
    for (const object of objects) expect(offer(realm, object)).toBe('taken');
    expect(changes).toBe(3);
    stop();
    offer(realm, xByA);
    expect(changes).toBe(3);
  });

  it('do not come from topics that this version does not know', () => {
    const realm = new Realm(anchor);
    expect(realm.offer('$realm/later', Uint8Array.of(1)).ok).toBe(true);
    expect(realm.offer(REALM_TOPICS.grant, encodeCbor('text'))).toEqual({
      ok: false,
      code: 'realm.grant-malformed',
    });
    expect(realm.offer(REALM_TOPICS.grant, encodeCbor([]))).toEqual({
      ok: false,
      code: 'realm.grant-broken-chain',
    });
  });
});

describe('the state of a realm', () => {
  const admin2 = grant(byA, y, { role: 'admin' });
  const by2: By = { issuer: y, issuerChain: admin2 };
  const xBy2 = grant(by2, x, { name: 'by 2' });
  const invitation = forgeGrant(a, { subject: inv.publicKey, kind: 0, name: '', uses: 1 });
  const kByInvite: Chain = [
    ...aChain,
    invitation,
    forgeGrant(inv, { subject: k.publicKey, name: 'guest', issuedAtMs: NOW_MS + 7 }),
  ];
  const log = (last: number): LogEnd => ({ channel: 'main', epoch: EPOCH, last });
  const bByAdmin = revoke(byA, b.nodeId, { logs: [log(4)] });
  const xByB = revoke(byB, x.nodeId, { logs: [log(9)] });
  const pool: (Chain | Uint8Array)[] = [
    aChain,
    bChain,
    kByA,
    xByA,
    admin2,
    xBy2,
    kByInvite,
    grant(byB, k, { role: 'admin', name: 'raised' }),
    bByAdmin,
    xByB,
    revoke(byB, a.nodeId, { keeps: [lastId(kByA)] }),
    revoke(byRoot, a.nodeId, { keeps: [lastId(kByInvite), lastId(admin2), sha256Hex16(bByAdmin)] }),
    revoke(byRoot, a.nodeId, { keeps: [lastId(admin2)], logs: [log(3)], issuedAtMs: NOW_MS + 1 }),
    revoke(byRoot, b.nodeId, { keeps: [sha256Hex16(xByB)] }),
    revoke(by2, k.nodeId, { logs: [log(2)] }),
    revoke(byA, y.nodeId),
    revoke(by2, a.nodeId, { keeps: [lastId(admin2)] }),
    revoke(byRoot, inv.nodeId),
    record(byRoot, 1, ['first']),
    record(byA, 4, ['by-a']),
    record(byB, 3, ['by-b']),
    record(by2, 5, ['by-2']),
    record(byA, 2, ['old']),
    record(byB, 4, ['same-version']),
  ];

  function snapshot(realm: Realm): unknown {
    const people = [a, b, k, x, y, stranger];
    return {
      nodes: realm.nodes(),
      channels: realm.channels(),
      version: realm.recordVersion,
      uses: realm.inviteUses(),
      chains: people.map((node) => realm.chainOf(node.nodeId)?.map(sha256Hex16) ?? null),
      standing: people.map((node) => {
        const standing = realm.standing(node.nodeId);
        return standing.status === 'granted' ? [standing.role, standing.name] : standing.status;
      }),
      allows: people.flatMap((node) =>
        [1, 2, 3, 4, 5, 9, 10].map((last) => realm.allows(node.nodeId, 'main', EPOCH, last)),
      ),
      through: people.map((node) => [...realm.grantedThrough(node.nodeId)].sort()),
    };
  }

  it('does not depend on the order in which objects come, nor on how often', () => {
    const some = fc.shuffledSubarray(pool, { minLength: 2 });
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.nat()), (objects, random) => {
        const shuffled = [...objects, ...objects.slice(0, 3)];
        for (let index = shuffled.length - 1; index > 0; index--) {
          const other = random.next().value % (index + 1);
          [shuffled[index], shuffled[other]] = [shuffled[other]!, shuffled[index]!];
        }
        expect(snapshot(realmOf(...shuffled))).toEqual(snapshot(realmOf(...objects)));
      }),
      { numRuns: 100 },
    );
  });

  it('differs between the subsets that the test above takes', () => {
    const states = pool.map((_, index) => JSON.stringify(snapshot(realmOf(...pool.slice(0, index + 1)))));
    expect(new Set(states).size).toBeGreaterThan(12);
  });

  it('counts fallen nodes as nodes, unless the root took them for ever', () => {
    const realm = new Realm(anchor, { nodesMax: 4 });
    for (const object of [aChain, bChain, revoke(byB, a.nodeId)]) offer(realm, object);
    expect(offer(realm, kByA)).toBe('realm.revoked');
    expect(offer(realm, xByA)).toBe('realm.too-many-nodes');
    // What is known can be revoked at the limit, and what falls for ever leaves room.
    expect(offer(realm, revoke(byRoot, a.nodeId))).toBe('taken');
    expect(offer(realm, xByA)).toBe('realm.revoked');
    expect(offer(realm, grant(byRoot, y))).toBe('taken');
  });

  it('keeps eight chains of one node, those first that stand and are near to the root', () => {
    const realm = realmOf(kByInvite, revoke(byB, a.nodeId));
    for (let index = 0; index < 9; index++)
      offer(realm, grant(byA, k, { name: `fallen ${index}`, issuedAtMs: index }));
    const by3: By = { issuer: y, issuerChain: grant(byB, y, { role: 'admin' }) };
    expect(offer(realm, grant(by3, k, { name: 'standing' }))).toBe('taken');
    for (let index = 9; index < 12; index++)
      offer(realm, grant(byA, k, { name: `fallen ${index}`, issuedAtMs: index }));
    expect(realm.nameOf(k.nodeId)).toBe('standing');
  });

  it('does not change by a chain that goes at the limit', () => {
    const realm = realmOf(
      ...Array.from({ length: 8 }, (_, index) => grant(byRoot, k, { issuedAtMs: index })),
    );
    let changes = 0;
    realm.onChange(() => changes++);
    expect(offer(realm, kByInvite)).toBe('taken');
    expect([changes, realm.inviteUses()]).toEqual([0, []]);
  });

  it('takes four revocations of one subject by one admin, and any by others', () => {
    const realm = realmOf(kByA);
    for (let last = 9; last > 4; last--) offer(realm, revoke(byB, k.nodeId, { logs: [log(last)] }));
    const allowed = (last: number) => realm.allows(k.nodeId, 'main', EPOCH, last);
    expect([allowed(6), allowed(7)]).toEqual(['granted', 'revoked']);
    offer(realm, revoke(byA, k.nodeId, { logs: [log(2)] }));
    expect([allowed(2), allowed(3)]).toEqual(['granted', 'revoked']);
  });
});
