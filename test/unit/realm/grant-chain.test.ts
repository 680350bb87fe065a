import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, encodeCbor } from '../../../src/bytes/index.ts';
import { type Identity, nodeIdOf } from '../../../src/identity/index.ts';
import { CHAIN_GRANTS_MAX, checkGrantChain, grantNode, Realm } from '../../../src/realm/index.ts';
import {
  anchor,
  forgeGrant,
  HOUR_MS,
  NOW_MS,
  type RawGrant,
  root,
  sampleKey,
  sampleRealm,
  sign,
} from './sample-realm.ts';

const INVITE = 0;
const ADMIN = 1;

const [admin, member, invite, stranger, node] = [2, 3, 4, 5, 6].map(sampleKey) as [
  Identity,
  Identity,
  Identity,
  Identity,
  Identity,
];

const toNode = (issuer: Identity, subject: Identity, fields: RawGrant = {}): Uint8Array =>
  forgeGrant(issuer, { subject: subject.publicKey, ...fields });
const toInvite = (issuer: Identity, subject: Identity, fields: RawGrant = {}): Uint8Array =>
  forgeGrant(issuer, { subject: subject.publicKey, kind: INVITE, name: '', ...fields });

const rootToAdmin = toNode(root, admin, { role: ADMIN });
const rootToMember = toNode(root, member);
const rootToInvite = toInvite(root, invite, { expiresAtMs: NOW_MS + HOUR_MS, uses: 1 });

function codeOf(...chain: Uint8Array[]): string {
  const result = checkGrantChain(anchor, chain);
  return result.ok ? 'taken' : result.code;
}

describe('a chain of grants', () => {
  it.each<[string, () => Uint8Array[]]>([
    ['from the root to a node', () => [rootToMember]],
    ['from the root to an admin', () => [rootToAdmin]],
    ['over an invitation', () => [rootToInvite, toNode(invite, node)]],
    ['over an admin', () => [rootToAdmin, toNode(admin, node)]],
    ['over an admin to an admin', () => [rootToAdmin, toNode(admin, node, { role: ADMIN })]],
    ["over an admin's invitation", () => [rootToAdmin, toInvite(admin, invite), toNode(invite, node)]],
    [
      'over an invitation for admins',
      () => [toInvite(root, invite, { role: ADMIN }), toNode(invite, node, { role: ADMIN })],
    ],
    [
      'over an invitation for admins to a member',
      () => [toInvite(root, invite, { role: ADMIN }), toNode(invite, node)],
    ],
    [
      'over an invitation in its last millisecond',
      () => [rootToInvite, toNode(invite, node, { issuedAtMs: NOW_MS + HOUR_MS - 1 })],
    ],
    [
      'over an invitation that never expires',
      () => [toInvite(root, invite), toNode(invite, node, { issuedAtMs: 2 ** 48 - 1 })],
    ],
  ])('is taken: %s', (_what, chain) => {
    expect(codeOf(...chain())).toBe('taken');
  });

  it('ends in the grant that it is for', () => {
    const result = checkGrantChain(anchor, [rootToInvite, toNode(invite, node, { name: 'gate' })]);
    expect(result.ok && result.value).toMatchObject({
      kind: 'node',
      role: 'member',
      name: 'gate',
      issuedAtMs: NOW_MS,
    });
    expect(result.ok && nodeIdOf(result.value.subject)).toBe(node.nodeId);
  });

  it.each<[string, () => Uint8Array[]]>([
    ['no grant at all', () => []],
    ['a grant by a stranger', () => [toNode(stranger, node)]],
    ['a stranger behind the root', () => [rootToMember, toNode(stranger, node)]],
    ['a member granting a node', () => [rootToMember, toNode(member, node)]],
    ['a member granting an invitation', () => [rootToMember, toInvite(member, invite), toNode(invite, node)]],
    [
      'an invitation granting an invitation',
      () => [rootToInvite, toInvite(invite, stranger), toNode(stranger, node)],
    ],
    ['an invitation granting an invitation at the end', () => [rootToInvite, toInvite(invite, stranger)]],
    ['a role raised by an invitation', () => [rootToInvite, toNode(invite, node, { role: ADMIN })]],
    ['grants in the wrong order', () => [toNode(admin, node), rootToAdmin]],
    ['a grant left out', () => [rootToAdmin, toNode(invite, node)]],
    ['the same grant twice', () => [rootToAdmin, rootToAdmin]],
    ['two chains in one', () => [rootToAdmin, rootToMember]],
    [
      'a node of an invitation that is used as admin',
      () => [rootToInvite, toNode(invite, node), toNode(node, stranger)],
    ],
    ['a grant to the root', () => [rootToAdmin, toNode(admin, root)]],
    ['a grant of the root to itself', () => [toNode(root, root, { role: ADMIN }), toNode(root, node)]],
  ])('is refused: %s', (_what, chain) => {
    expect(codeOf(...chain())).toBe('realm.grant-broken-chain');
  });

  it('is refused if the node was granted when the invitation had expired', () => {
    const late = toNode(invite, node, { issuedAtMs: NOW_MS + HOUR_MS });
    expect(codeOf(rootToInvite, late)).toBe('realm.grant-expired');
    expect(new Realm(anchor).offerGrantChain([rootToInvite, late])).toEqual({
      ok: false,
      code: 'realm.grant-expired',
    });
  });

  it('is refused with a forged signature', () => {
    for (let at = rootToMember.length - 64; at < rootToMember.length; at += 7) {
      const forged = Uint8Array.from(rootToMember);
      forged[at]! ^= 1;
      expect(codeOf(forged)).toBe('cose.bad-signature');
    }
  });

  it('is refused if a stranger signs in the name of the root', () => {
    const forged = Uint8Array.from(rootToMember);
    forged.set(toNode(stranger, member).subarray(-64), forged.length - 64);
    expect(codeOf(forged)).toBe('cose.bad-signature');
  });

  it('is refused in another realm, also of the same root key under other data', () => {
    const other = sampleRealm(8);
    expect(checkGrantChain(other.anchor, [rootToMember]).ok).toBe(false);
    const foreign = forgeGrant(root, { subject: node.publicKey }, other.anchor);
    expect(codeOf(foreign)).toBe('cose.bad-signature');
  });

  it('is refused if the root signed it as something else', () => {
    const items = [1, 1, node.publicKey, 0, 'node', 1, 0, 0];
    expect(codeOf(sign(root, 'revocation', items))).toBe('cose.bad-signature');
    expect(codeOf(sign(root, 'record', items))).toBe('cose.bad-signature');
    expect(codeOf(sign(root, 'grant', items))).toBe('taken');
  });

  it('is taken up to eight grants and refused over that', () => {
    const chain: Uint8Array[] = [];
    let issuer: Identity = root;
    for (let length = 1; length <= CHAIN_GRANTS_MAX + 1; length++) {
      const next = sampleKey(20 + length);
      chain.push(toNode(issuer, next, { role: ADMIN }));
      issuer = next;
      expect(codeOf(...chain)).toBe(length <= CHAIN_GRANTS_MAX ? 'taken' : 'realm.grant-broken-chain');
    }
    expect(() =>
      grantNode({
        anchor,
        issuer: sampleKey(28),
        issuerChain: chain.slice(0, 8),
        subject: node.publicKey,
        name: 'x',
      }),
    ).toThrow(expect.objectContaining({ code: 'realm.not-admin' }));
  });
});

describe('a grant', () => {
  it.each<[string, RawGrant]>([
    ['of another version', { version: 2 }],
    ['with an item too many', { more: [0] }],
    ['of an unknown kind', { kind: 2 }],
    ['of a kind that is text', { kind: '1' }],
    ['of a kind that names a property', { kind: 'length' }],
    ['of a role that is text', { role: '0' }],
    ['of a role that names a property', { role: 'at' }],
    ['of an unknown role', { role: 2 }],
    ['of a negative role', { role: -1 }],
    ['of a subject of 31 bytes', { subject: new Uint8Array(31) }],
    ['of a subject of small order', { subject: new Uint8Array(32) }],
    ['of a subject as text', { subject: node.nodeId }],
    ['of a node without a name', { name: '' }],
    ['of a name over 64 bytes', { name: 'é'.repeat(33) }],
    ['of a name with a line break', { name: 'a\nb' }],
    ['of a name with a direction mark', { name: 'a\u202eb' }],
    ['issued before 1970', { issuedAtMs: -1 }],
    ['issued at 2^48', { issuedAtMs: 2 ** 48 }],
    ['of a node that expires', { expiresAtMs: NOW_MS }],
    ['of a node with uses', { uses: 1 }],
    ['of a negative number of uses', { kind: INVITE, uses: -1 }],
    ['of uses with a fraction', { kind: INVITE, uses: 0.5 }],
  ])('%s is malformed', (_what, fields) => {
    expect(codeOf(forgeGrant(root, fields))).toBe('realm.grant-malformed');
  });

  it('of more than 512 bytes is malformed', () => {
    const large = forgeGrant(root, { more: [new Uint8Array(600)] });
    expect(codeOf(large)).toBe('realm.grant-malformed');
  });

  it('with anything behind it is refused', () => {
    expect(codeOf(concatBytes([rootToMember, Uint8Array.of(0)]))).toBe('cose.bad-frame');
  });

  it('of an invitation is no place in the realm', () => {
    expect(new Realm(anchor).offerGrantChain([rootToInvite])).toEqual({
      ok: false,
      code: 'realm.grant-broken-chain',
    });
  });

  it('never throws, whatever bytes it is read from', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(rootToMember.length - 1),
        fc.nat(255),
        (bytes, at, byte) => {
          expect(codeOf(bytes)).not.toBe('taken');
          const changed = Uint8Array.from(rootToMember);
          changed[at] = byte;
          expect(codeOf(changed) === 'taken').toBe(byte === rootToMember[at]);
          const realm = new Realm(anchor);
          for (const topic of ['$realm/grant', '$realm/revocation', '$realm/record']) {
            expect(realm.offer(topic, bytes).ok).toBe(false);
            expect(realm.offer(topic, encodeCbor([bytes])).ok).toBe(false);
          }
        },
      ),
    );
  });

  it('can be made by root and admins alone', () => {
    const options = { anchor, subject: node.publicKey, name: 'gate', issuedAtMs: NOW_MS };
    const notAdmin = expect.objectContaining({ code: 'realm.not-admin' });
    expect(grantNode({ ...options, issuer: root })).toHaveLength(1);
    expect(grantNode({ ...options, issuer: admin, issuerChain: [rootToAdmin] })).toHaveLength(2);
    expect(() => grantNode({ ...options, issuer: admin })).toThrow(notAdmin);
    expect(() => grantNode({ ...options, issuer: member, issuerChain: [rootToMember] })).toThrow(notAdmin);
    expect(() => grantNode({ ...options, issuer: stranger, issuerChain: [rootToAdmin] })).toThrow(notAdmin);
    expect(() => grantNode({ ...options, issuer: invite, issuerChain: [rootToInvite] })).toThrow(notAdmin);
    expect(() => grantNode({ ...options, issuer: root, name: '' })).toThrow(
      expect.objectContaining({ code: 'realm.bad-name' }),
    );
  });
});
