import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../../src/bytes/index.ts';
import { type SigningKey, signCose1 } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import {
  checkGrantChain,
  encodeChainPayload,
  grantNode,
  makeInvite,
  makeRecord,
  makeRevocation,
  readToken,
} from '../../../src/realm/index.ts';
import { EPOCH, joinBy, makeWorld, NOW_MS, rootOf, type World } from './realm-world.ts';

const [INVITE, NODE] = [0, 1];
const [MEMBER, ADMIN] = [0, 1];

interface ForgedGrant {
  readonly kind?: number;
  readonly subject?: Uint8Array;
  readonly role?: number;
  readonly name?: string;
  readonly issuedAtMs?: number;
  readonly expiresAtMs?: number;
  readonly uses?: number;
  readonly version?: number;
  readonly more?: readonly unknown[];
}

/** A grant with any content, signed by any key: what an attacker can make. */
function forge(world: World, signer: SigningKey, grant: ForgedGrant): Uint8Array {
  const { version = 1, kind = NODE, role = MEMBER, name = 'x', expiresAtMs = 0, uses = 0, more = [] } = grant;
  const subject = grant.subject ?? Identity.generate().publicKey;
  const issuedAt = BigInt(grant.issuedAtMs ?? NOW_MS);
  const expires = expiresAtMs > 0xffff_ffff ? BigInt(expiresAtMs) : expiresAtMs;
  const aad = encodeCbor(['sedge-grant/1', Buffer.from(world.anchor.id, 'hex')]);
  return signCose1(
    encodeCbor([version, kind, subject, role, name, issuedAt, expires, uses, ...more]),
    signer,
    aad,
  );
}

function expectBroken(world: World, chain: readonly Uint8Array[], code = 'realm.grant-broken-chain'): void {
  expect(checkGrantChain(world.anchor, chain)).toEqual({ ok: false, code });
  expect(world.realm.offerGrantChain(chain)).toEqual({ ok: false, code });
  expect(world.realm.offer('$realm/grant', encodeChainPayload(chain))).toEqual({ ok: false, code });
  expect(world.realm.nodes()).toEqual([]);
}

/** An invitation of the root's with the key that it hands out. */
function inviteOf(world: World, role: 'member' | 'admin' = 'member', expiresAtMs = 0) {
  const { token } = makeInvite({
    ...rootOf(world),
    addresses: [],
    role,
    expiresAtMs,
    uses: 1,
    issuedAtMs: NOW_MS,
  });
  const invitation = readToken(token);
  if (!invitation.ok) throw new Error(invitation.code);
  return invitation.value;
}

describe('A forged grant chain', () => {
  it('is what the checks below would otherwise take', () => {
    const world = makeWorld();
    const { chain, key } = inviteOf(world);
    expect(checkGrantChain(world.anchor, [...chain, forge(world, key, {})]).ok).toBe(true);
    expect(checkGrantChain(world.anchor, [forge(world, world.root, { role: ADMIN })]).ok).toBe(true);
  });

  it('with a signature that is not its issuer’s', () => {
    const world = makeWorld();
    const stranger = Identity.generate();
    const impostor = { publicKey: world.root.publicKey, sign: (bytes: Uint8Array) => stranger.sign(bytes) };
    expectBroken(world, [forge(world, impostor, { role: ADMIN })], 'cose.bad-signature');
  });

  it('with a changed byte anywhere', () => {
    const world = makeWorld();
    const grant = forge(world, world.root, {});
    for (let at = 0; at < grant.length; at++) {
      const changed = Uint8Array.from(grant);
      changed[at]! ^= 1;
      expect(checkGrantChain(world.anchor, [changed]).ok, `byte ${at}`).toBe(false);
    }
  });

  it('by a stranger', () => {
    const world = makeWorld();
    expectBroken(world, [forge(world, Identity.generate(), { role: ADMIN })]);
  });

  it('for another realm', () => {
    const [world, elsewhere] = [makeWorld(), makeWorld()];
    // Signed by this realm's root, but for the other realm.
    expectBroken(world, [forge(elsewhere, world.root, {})], 'cose.bad-signature');
  });

  it('from another realm', () => {
    const [world, elsewhere] = [makeWorld(), makeWorld()];
    expectBroken(world, joinBy(elsewhere).chain, 'cose.bad-signature');
  });

  it('by a member who invites', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    const invite = Identity.generate();
    const forged = forge(world, node, { kind: INVITE, subject: invite.publicKey });
    expectBroken(world, [...chain, forged, forge(world, invite, {})]);
  });

  it('by a member who grants a node', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    expectBroken(world, [...chain, forge(world, node, {})]);
  });

  it('by an invitation that invites', () => {
    const world = makeWorld();
    const { chain, key } = inviteOf(world, 'admin');
    const second = Identity.generate();
    const forged = forge(world, key, { kind: INVITE, subject: second.publicKey });
    expectBroken(world, [...chain, forged, forge(world, second, {})]);
  });

  it('by an invitation of a member that makes an admin', () => {
    const world = makeWorld();
    const { chain, key } = inviteOf(world, 'member');
    expectBroken(world, [...chain, forge(world, key, { role: ADMIN })]);
  });

  it('by an invitation after its end, by the times in the grants', () => {
    const world = makeWorld();
    const { chain, key } = inviteOf(world, 'member', NOW_MS + 1_000);
    expectBroken(world, [...chain, forge(world, key, { issuedAtMs: NOW_MS + 1_000 })], 'realm.grant-expired');
    expect(
      checkGrantChain(world.anchor, [...chain, forge(world, key, { issuedAtMs: NOW_MS + 999 })]).ok,
    ).toBe(true);
  });

  it('out of order', () => {
    const world = makeWorld();
    expectBroken(world, [...joinBy(world).chain].reverse());
  });

  it('with a link left out', () => {
    const world = makeWorld();
    expectBroken(world, joinBy(world).chain.slice(1));
  });

  it('with a link of another node', () => {
    const world = makeWorld();
    expectBroken(world, [joinBy(world).chain[0]!, joinBy(world).chain[1]!]);
  });

  it('without any link', () => {
    expectBroken(makeWorld(), []);
  });

  it('longer than eight grants', () => {
    const world = makeWorld();
    const chain: Uint8Array[] = [];
    let issuer = world.root;
    for (let length = 1; length <= 8; length++) {
      const admin = Identity.generate();
      chain.push(forge(world, issuer, { role: ADMIN, subject: admin.publicKey }));
      issuer = admin;
    }
    expect(checkGrantChain(world.anchor, chain).ok).toBe(true);
    const longer = [...chain, forge(world, issuer, {})];
    expect(world.realm.offerGrantChain(longer)).toEqual({ ok: false, code: 'realm.grant-broken-chain' });
    const message = world.realm.offer('$realm/grant', encodeChainPayload(longer));
    expect(message).toEqual({ ok: false, code: 'realm.grant-malformed' });
  });

  it('that makes a node of the root', () => {
    const world = makeWorld();
    expectBroken(world, [forge(world, world.root, { subject: world.root.publicKey })]);
  });

  it.each<[string, ForgedGrant]>([
    ['of a later version', { version: 2 }],
    ['with an item more, which might be a restriction', { more: [1] }],
    ['of an unknown kind', { kind: 2 }],
    ['of an unknown role', { role: 2 }],
    ['of a role that is no number', { role: 'admin' as unknown as number }],
    ['of a fraction of a use', { kind: INVITE, uses: 0.5 }],
    ['of a time that is no number', { issuedAtMs: 2 ** 48 }],
    ['of a node that expires', { expiresAtMs: NOW_MS }],
    ['without a name', { name: '' }],
    ['with a name that is too long', { name: 'x'.repeat(65) }],
    ['with a control character in its name', { name: 'a\u001b[2J' }],
    ['with a name that turns its direction', { name: 'a\u202eb' }],
    ['of a key of small order', { subject: new Uint8Array(32) }],
    ['of half a key', { subject: new Uint8Array(16).fill(1) }],
    ['that is too large', { more: [new Uint8Array(600)] }],
  ])('with a grant %s', (_, grant) => {
    const world = makeWorld();
    expectBroken(world, [forge(world, world.root, grant)], 'realm.grant-malformed');
  });

  it('made of a revocation’s signature', () => {
    const world = makeWorld();
    const aad = encodeCbor(['sedge-revocation/1', Buffer.from(world.anchor.id, 'hex')]);
    const payload = encodeCbor([1, NODE, Identity.generate().publicKey, ADMIN, 'x', 0, 0, 0]);
    expectBroken(world, [signCose1(payload, world.root, aad)], 'cose.bad-signature');
  });
});

describe('A forged revocation or record', () => {
  it.each(['stranger', 'member'] as const)('by a %s is refused', (who) => {
    const world = makeWorld();
    const victim = joinBy(world);
    const member = joinBy(world);
    world.realm.offerGrantChain(victim.chain);
    const signer = who === 'stranger' ? Identity.generate() : member.node;
    const issuerChain = who === 'stranger' ? [] : member.chain;
    for (const kind of ['revocation', 'record'] as const) {
      const aad = encodeCbor([`sedge-${kind}/1`, Buffer.from(world.anchor.id, 'hex')]);
      const items =
        kind === 'revocation'
          ? [1, victim.node.publicKey, 0, [], [], issuerChain]
          : [1, 9, 'taken', [], 1, 0, issuerChain];
      const offered = world.realm.offer(`$realm/${kind}`, signCose1(encodeCbor(items), signer, aad));
      expect(offered).toEqual({ ok: false, code: 'realm.not-admin' });
    }
    expect(world.realm.allows(victim.node.nodeId, 'main', EPOCH, 1)).toBe('granted');
    expect(world.realm.name).toBe('farm');
  });

  it("under an admin's chain by another key is refused", () => {
    const world = makeWorld();
    const admin = joinBy(world, { role: 'admin' });
    const aad = encodeCbor(['sedge-revocation/1', Buffer.from(world.anchor.id, 'hex')]);
    const payload = encodeCbor([1, admin.node.publicKey, 0, [], [], admin.chain]);
    const offered = world.realm.offerRevocation(signCose1(payload, Identity.generate(), aad));
    expect(offered).toEqual({ ok: false, code: 'realm.not-admin' });
  });

  it('of another realm is refused', () => {
    const [world, elsewhere] = [makeWorld(), makeWorld()];
    const subject = Identity.generate().nodeId;
    const revocation = makeRevocation({ ...rootOf(elsewhere), subject, logs: [], keeps: [] });
    const record = makeRecord({ ...rootOf(elsewhere), version: 1, name: 'theirs', channels: [], shards: 1 });
    expect(world.realm.offerRevocation(revocation)).toEqual({ ok: false, code: 'cose.bad-signature' });
    expect(world.realm.offerRecord(record)).toEqual({ ok: false, code: 'cose.bad-signature' });
  });

  it.each<[string, readonly unknown[]]>([
    ['another version', [2, new Uint8Array(32).fill(9), 0, [], [], []]],
    ['an item too few', [1, new Uint8Array(32).fill(9), 0, [], []]],
    ['an item too many', [1, new Uint8Array(32).fill(9), 0, [], [], 1, []]],
    ['half a subject', [1, new Uint8Array(16), 0, [], [], []]],
    ['a log without a number', [1, new Uint8Array(32).fill(9), 0, [['main', new Uint8Array(8)]], [], []]],
    ['a negative number', [1, new Uint8Array(32).fill(9), 0, [['main', new Uint8Array(8), -1]], [], []]],
    ['an epoch of seven bytes', [1, new Uint8Array(32).fill(9), 0, [['main', new Uint8Array(7), 1]], [], []]],
    ['a chain that is none', [1, new Uint8Array(32).fill(9), 0, [], [], 'chain']],
  ])('is refused as malformed with %s, even by the root', (_, items) => {
    const world = makeWorld();
    const aad = encodeCbor(['sedge-revocation/1', Buffer.from(world.anchor.id, 'hex')]);
    const offered = world.realm.offerRevocation(signCose1(encodeCbor(items), world.root, aad));
    expect(offered).toEqual({ ok: false, code: 'realm.grant-malformed' });
  });

  it.each<[string, readonly unknown[]]>([
    ['version zero', [1, 0, 'farm', [], 1, 0, []]],
    ['no name', [1, 1, '', [], 1, 0, []]],
    ['no shard', [1, 1, 'farm', [], 0, 0, []]],
    ['seventeen shards', [1, 1, 'farm', [], 17, 0, []]],
    ['a channel without a filter', [1, 1, 'farm', [['alarm']], 1, 0, []]],
    ['channels that are none', [1, 1, 'farm', 'alarm', 1, 0, []]],
  ])('is refused as malformed with %s in a record, even by the root', (_, items) => {
    const world = makeWorld();
    const aad = encodeCbor(['sedge-record/1', Buffer.from(world.anchor.id, 'hex')]);
    const offered = world.realm.offerRecord(signCose1(encodeCbor(items), world.root, aad));
    expect(offered).toEqual({ ok: false, code: 'realm.bad-record' });
  });
});

describe('The makers', () => {
  it('refuse who is no admin', () => {
    const world = makeWorld();
    const { node, chain } = joinBy(world);
    const notAdmin = expect.objectContaining({ code: 'realm.not-admin' });
    const subject = Identity.generate();
    for (const issuerChain of [[], chain]) {
      const by = { anchor: world.anchor, issuer: node, issuerChain };
      expect(() => grantNode({ ...by, subject: subject.publicKey, name: 'x' })).toThrow(notAdmin);
      expect(() => makeInvite({ ...by, addresses: [], expiresAtMs: 0, uses: 1 })).toThrow(notAdmin);
      expect(() => makeRevocation({ ...by, subject: subject.nodeId, logs: [], keeps: [] })).toThrow(notAdmin);
      expect(() => makeRecord({ ...by, version: 1, name: 'x', channels: [], shards: 1 })).toThrow(notAdmin);
    }
  });

  it('refuse names that are none', () => {
    const world = makeWorld();
    const badName = expect.objectContaining({ code: 'realm.bad-name' });
    const subject = Identity.generate().publicKey;
    for (const name of ['', 'x'.repeat(65), 'a\nb', '\ud800']) {
      expect(() => grantNode({ ...rootOf(world), subject, name })).toThrow(badName);
    }
    expect(() => grantNode({ ...rootOf(world), subject, name: '温室 2' })).not.toThrow();
  });

  it('refuse an invitation from which no node could be granted', () => {
    const world = makeWorld();
    let [issuer, issuerChain] = [world.root, [] as readonly Uint8Array[]];
    for (let length = 1; length <= 7; length++) {
      const admin = Identity.generate();
      const subject = admin.publicKey;
      issuerChain = grantNode({
        anchor: world.anchor,
        issuer,
        issuerChain,
        subject,
        name: 'a',
        role: 'admin',
      });
      issuer = admin;
    }
    const make = () =>
      makeInvite({ anchor: world.anchor, issuer, issuerChain, addresses: [], expiresAtMs: 0, uses: 1 });
    expect(make).toThrow(expect.objectContaining({ code: 'realm.not-admin' }));
  });
});
