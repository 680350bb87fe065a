import { describe, expect, it } from 'vitest';
import {
  concatBytes,
  encodeCbor,
  fromBase64Url,
  sha256,
  sha256Hex16,
  toBase64Url,
  toHex,
} from '../../../src/bytes/index.ts';
import type { Identity } from '../../../src/identity/index.ts';
import {
  acceptInvite,
  checkGrantChain,
  grantNode,
  makeInvite,
  Realm,
  readToken,
  TOKEN_PREFIX,
} from '../../../src/realm/index.ts';
import { anchor, forgeGrant, HOUR_MS, NOW_MS, root, sampleKey, sampleRealm } from './sample-realm.ts';

const ADDRESSES = ['/ip4/192.168.1.5/tcp/7600', '/dns4/pi.local/tcp/7600'];
const key = sampleKey(50);
const node = sampleKey(51);

function invite(fields: Partial<Parameters<typeof makeInvite>[0]> = {}): { token: string; inviteId: string } {
  return makeInvite({
    anchor,
    issuer: root,
    addresses: ADDRESSES,
    expiresAtMs: NOW_MS + HOUR_MS,
    uses: 1,
    issuedAtMs: NOW_MS,
    randomBytes: (n) => new Uint8Array(n).fill(50),
    ...fields,
  });
}

/** A token with any content and a right checksum. */
function tokenOf(items: readonly unknown[]): string {
  const payload = encodeCbor(items);
  return TOKEN_PREFIX + toBase64Url(concatBytes([payload, sha256(payload).subarray(0, 4)]));
}

function items(changes: Record<number, unknown> = {}): unknown[] {
  const grant = forgeGrant(root, {
    kind: 0,
    subject: key.publicKey,
    name: '',
    expiresAtMs: NOW_MS + HOUR_MS,
    uses: 1,
  });
  const all = [1, anchor.rootKey, anchor.name, anchor.networkSecret, ADDRESSES, key.seed, [grant]];
  for (const [index, item] of Object.entries(changes)) all[Number(index)] = item as never;
  return all;
}

const MALFORMED = { ok: false, code: 'realm.token-malformed' };

describe('an invitation', () => {
  const { token, inviteId } = invite();

  it('gives a node its place, which the realm takes', () => {
    const accepted = acceptInvite(token, node, 'gate', NOW_MS + 5);
    if (!accepted.ok) throw new Error(accepted.code);
    const { anchor: theirs, chain, addresses } = accepted.value;
    expect(theirs).toEqual(anchor);
    expect(addresses).toEqual(ADDRESSES);
    const realm = new Realm(anchor);
    expect(realm.offerGrantChain(chain).ok).toBe(true);
    expect(realm.nodes()).toEqual([
      {
        node: node.nodeId,
        name: 'gate',
        role: 'member',
        status: 'granted',
        grantedAtMs: NOW_MS + 5,
        invite: inviteId,
      },
    ]);
    expect(realm.inviteUses()).toMatchObject([{ invite: inviteId, uses: 1, used: 1, overused: false }]);
  });

  it('holds what it was made of', () => {
    const read = readToken(token);
    if (!read.ok) throw new Error(read.code);
    expect(read.value).toMatchObject({ anchor, addresses: ADDRESSES });
    expect(read.value.grant).toMatchObject({
      id: inviteId,
      kind: 'invite',
      role: 'member',
      uses: 1,
      expiresAtMs: NOW_MS + HOUR_MS,
    });
    expect(sha256Hex16(read.value.chain[0]!)).toBe(inviteId);
    expect(read.value.key.nodeId).toBe(key.nodeId);
  });

  it('that has expired is refused, and in its last millisecond it is not', () => {
    expect(acceptInvite(token, node, 'gate', NOW_MS + HOUR_MS - 1).ok).toBe(true);
    for (const late of [0, 1, HOUR_MS]) {
      expect(acceptInvite(token, node, 'gate', NOW_MS + HOUR_MS + late)).toEqual({
        ok: false,
        code: 'realm.token-expired',
      });
    }
    expect(acceptInvite(invite({ expiresAtMs: 0 }).token, node, 'gate', NOW_MS * 2).ok).toBe(true);
  });

  it('by an admin carries the whole chain, for the role that it names', () => {
    const admin = sampleKey(52);
    const issuerChain = grantNode({
      anchor,
      issuer: root,
      subject: admin.publicKey,
      name: 'a',
      role: 'admin',
    });
    const made = invite({ issuer: admin, issuerChain, role: 'admin', name: 'for the barn' });
    const accepted = acceptInvite(made.token, node, 'gate', NOW_MS);
    if (!accepted.ok) throw new Error(accepted.code);
    expect(accepted.value.chain).toHaveLength(3);
    const grant = checkGrantChain(anchor, accepted.value.chain);
    expect(grant.ok && grant.value.role).toBe('admin');
  });

  it('is made by root and admins alone, and under a name that is allowed', () => {
    const member = grantNode({ anchor, issuer: root, subject: node.publicKey, name: 'm' });
    const notAdmin = expect.objectContaining({ code: 'realm.not-admin' });
    expect(() => invite({ issuer: node, issuerChain: member })).toThrow(notAdmin);
    expect(() => invite({ issuer: node })).toThrow(notAdmin);
    expect(() => invite({ issuer: key, issuerChain: [items()[6] as Uint8Array] })).toThrow(notAdmin);
    expect(() => invite({ name: 'a\nb' })).toThrow(expect.objectContaining({ code: 'realm.bad-name' }));
    expect(() => acceptInvite(token, node, '', NOW_MS)).toThrow(
      expect.objectContaining({ code: 'realm.bad-name' }),
    );
  });

  it('is not made at the end of a chain behind which no node fits', () => {
    let issuer: Identity = root;
    let issuerChain: readonly Uint8Array[] = [];
    for (let depth = 1; depth <= 6; depth++) {
      const next = sampleKey(60 + depth);
      issuerChain = grantNode({
        anchor,
        issuer,
        issuerChain,
        subject: next.publicKey,
        name: 'a',
        role: 'admin',
      });
      issuer = next;
    }
    const last = invite({ issuer, issuerChain });
    expect(acceptInvite(last.token, node, 'gate', NOW_MS).ok).toBe(true);
    const tooDeep = grantNode({
      anchor,
      issuer,
      issuerChain,
      subject: node.publicKey,
      name: 'a',
      role: 'admin',
    });
    expect(() => invite({ issuer: node, issuerChain: tooDeep })).toThrow(
      expect.objectContaining({ code: 'realm.not-admin' }),
    );
  });

  it('fits into a token at its largest', () => {
    let issuer: Identity = root;
    let issuerChain: readonly Uint8Array[] = [];
    for (let depth = 1; depth <= 6; depth++) {
      const next = sampleKey(60 + depth);
      issuerChain = grantNode({
        anchor,
        issuer,
        issuerChain,
        subject: next.publicKey,
        name: 'n'.repeat(64),
        role: 'admin',
      });
      issuer = next;
    }
    const addresses = Array.from({ length: 16 }, () => 'x'.repeat(256));
    expect(readToken(invite({ issuer, issuerChain, addresses }).token).ok).toBe(true);
  });
});

describe('a token', () => {
  const { token } = invite();

  it('is read with white space around it', () => {
    expect(readToken(` \n${token}\r\n`).ok).toBe(true);
  });

  it('is malformed at every shorter length', () => {
    for (let length = 0; length < token.length; length++) {
      expect(readToken(token.slice(0, length)), `${length} characters`).toEqual(MALFORMED);
    }
  });

  it('is malformed without any one of its characters', () => {
    for (let at = 0; at < token.length; at++) {
      expect(readToken(token.slice(0, at) + token.slice(at + 1)), `without ${at}`).toEqual(MALFORMED);
    }
  });

  it('is malformed with any one character changed', () => {
    for (let at = 0; at < token.length; at++) {
      for (const other of ['A', 'b', '9', '-', '_', '=', ' ', 'é']) {
        if (token[at] === other) continue;
        expect(readToken(token.slice(0, at) + other + token.slice(at + 1)), `${at}: ${other}`).toEqual(
          MALFORMED,
        );
      }
    }
  });

  it('is malformed with any two neighbours exchanged', () => {
    for (let at = 0; at + 1 < token.length; at++) {
      if (token[at] === token[at + 1]) continue;
      const swapped = token.slice(0, at) + token[at + 1] + token[at] + token.slice(at + 2);
      expect(readToken(swapped), `${at}`).toEqual(MALFORMED);
    }
  });

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['a prefix alone', () => TOKEN_PREFIX],
    ['a text', () => 'hello'],
    ['a very long text', () => TOKEN_PREFIX + 'A'.repeat(1_000_000)],
    ['of another version', () => tokenOf(items({ 0: 2 }))],
    ['with an item too many', () => tokenOf([...items(), 0])],
    ['with a root key of small order', () => tokenOf(items({ 1: new Uint8Array(32) }))],
    ['of another realm than its grant', () => tokenOf(items({ 1: sampleRealm(9).anchor.rootKey }))],
    ['without a name', () => tokenOf(items({ 2: '' }))],
    ['with a short network secret', () => tokenOf(items({ 3: new Uint8Array(31) }))],
    ['with 17 addresses', () => tokenOf(items({ 4: Array(17).fill('a') }))],
    ['with an address of 257 bytes', () => tokenOf(items({ 4: ['x'.repeat(257)] }))],
    ['with an address that is no text', () => tokenOf(items({ 4: [1] }))],
    ['with a short key', () => tokenOf(items({ 5: new Uint8Array(31) }))],
    ['with the key of another invitation', () => tokenOf(items({ 5: node.seed }))],
    ['without a grant', () => tokenOf(items({ 6: [] }))],
    ['with a grant of a node', () => tokenOf(items({ 6: [forgeGrant(root, { subject: key.publicKey })] }))],
    [
      'with a grant by a stranger',
      () => tokenOf(items({ 6: [forgeGrant(node, { kind: 0, subject: key.publicKey })] })),
    ],
    [
      'with a forged grant',
      () => {
        const forged = Uint8Array.from((items()[6] as Uint8Array[])[0]!);
        forged[forged.length - 1]! ^= 1;
        return tokenOf(items({ 6: [forged] }));
      },
    ],
  ])('is malformed: %s', (_what, text) => {
    expect(readToken(text())).toEqual(MALFORMED);
  });

  it('differs from the malformed ones above in one thing each', () => {
    expect(readToken(tokenOf(items())).ok).toBe(true);
  });

  it('has one spelling, also where its last character has bits to spare', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    let spare = 0;
    for (const name of ['a', 'ab', 'abc']) {
      const text = tokenOf(items({ 2: name }));
      expect(readToken(text).ok).toBe(true);
      expect(readToken(`${text}=`)).toEqual(MALFORMED);
      const last = alphabet.indexOf(text.at(-1)!);
      const other = text.slice(0, -1) + alphabet[last ^ 1];
      const [bytes, sameBytes] = [text, other].map((form) =>
        toHex(fromBase64Url(form.slice(TOKEN_PREFIX.length))!),
      );
      if (bytes === sameBytes) spare++;
      expect(readToken(other)).toEqual(MALFORMED);
    }
    expect(spare).toBe(2);
  });
});
