import { describe, expect, it } from 'vitest';
import { toBase64Url, toHex } from '../../../src/bytes/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { acceptInvite, checkGrantChain, makeInvite, readToken } from '../../../src/realm/index.ts';
import { makeWorld, NOW_MS, rootOf } from './realm-world.ts';

const MALFORMED = { ok: false, code: 'realm.token-malformed' };
const ADDRESSES = ['/ip4/192.168.1.5/tcp/7600', '/dns4/pi.local/tcp/7600'];

function makeToken(expiresAtMs = 0) {
  const world = makeWorld();
  const options = { addresses: ADDRESSES, expiresAtMs, uses: 3, name: 'greenhouses', issuedAtMs: NOW_MS };
  return { world, ...makeInvite({ ...rootOf(world), ...options }) };
}

describe('A token', () => {
  it('makes a node of the realm', () => {
    const { world, token } = makeToken();
    const node = Identity.generate();
    const accepted = acceptInvite(token, node, 'greenhouse', NOW_MS + 5);
    if (!accepted.ok) throw new Error(accepted.code);
    const { anchor, chain, addresses } = accepted.value;
    expect(anchor).toEqual(world.anchor);
    expect(addresses).toEqual(ADDRESSES);
    const grant = checkGrantChain(world.anchor, chain);
    expect(grant.ok && toHex(grant.value.subject)).toBe(toHex(node.publicKey));
    expect(grant).toMatchObject({ value: { role: 'member', name: 'greenhouse', issuedAtMs: NOW_MS + 5 } });
  });

  it('says what it is for', () => {
    const { token, inviteId } = makeToken(NOW_MS + 1);
    const invitation = readToken(token);
    expect(invitation).toMatchObject({
      ok: true,
      value: {
        grant: { id: inviteId, uses: 3, expiresAtMs: NOW_MS + 1, name: 'greenhouses', role: 'member' },
      },
    });
  });

  it('is one word that survives being pasted with white space around', () => {
    const { token } = makeToken();
    expect(token).toMatch(/^sedge1[A-Za-z0-9_-]+$/);
    expect(readToken(`\n  ${token}\r\n\t`).ok).toBe(true);
  });

  it('holds a fresh key each time', () => {
    const world = makeWorld();
    const options = { ...rootOf(world), addresses: [], expiresAtMs: 0, uses: 1, issuedAtMs: NOW_MS };
    expect(makeInvite(options).token).not.toBe(makeInvite(options).token);
  });

  it('is malformed when cut anywhere', () => {
    const { token } = makeToken();
    for (let end = 0; end < token.length; end++)
      expect(readToken(token.slice(0, end)), `${end}`).toEqual(MALFORMED);
    for (let start = 1; start < token.length; start++) {
      expect(readToken(token.slice(start)), `from ${start}`).toEqual(MALFORMED);
    }
  });

  it('is malformed with any character changed, left out, or doubled', () => {
    const { token } = makeToken();
    const flips = 'ABab01-_ +/=.é';
    for (let at = 0; at < token.length; at++) {
      const [before, after] = [token.slice(0, at), token.slice(at + 1)];
      for (const flip of flips) {
        if (flip !== token[at] && `${before}${flip}${after}`.trim() !== token) {
          expect(readToken(`${before}${flip}${after}`), `${at} ${flip}`).toEqual(MALFORMED);
        }
      }
      expect(readToken(before + after), `without ${at}`).toEqual(MALFORMED);
      expect(readToken(before + token[at] + token[at] + after), `twice ${at}`).toEqual(MALFORMED);
    }
  });

  it('is malformed in every other spelling of its last character', () => {
    // Make lengths of all three remainders, so that the last character has unused bits in two of them.
    for (const name of ['a', 'ab', 'abc']) {
      const world = makeWorld();
      const { token } = makeInvite({ ...rootOf(world), addresses: [], expiresAtMs: 0, uses: 1, name });
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const readable = [...alphabet].filter((last) => readToken(token.slice(0, -1) + last).ok);
      expect(readable).toEqual([token.at(-1)]);
    }
  });

  it.each([
    '',
    'sedge1',
    'sedge2AAAA',
    'hello',
    `sedge1${toBase64Url(new Uint8Array(200))}`,
    'x'.repeat(1_000_000),
  ])('is not %.20j', (text) => {
    expect(readToken(text)).toEqual(MALFORMED);
  });

  it('is expired from its end on, by the clock of who joins', () => {
    const { token } = makeToken(NOW_MS + 1_000);
    expect(acceptInvite(token, Identity.generate(), 'a', NOW_MS + 999).ok).toBe(true);
    expect(acceptInvite(token, Identity.generate(), 'a', NOW_MS + 1_000)).toEqual({
      ok: false,
      code: 'realm.token-expired',
    });
  });

  it('makes an admin where it is for one', () => {
    const world = makeWorld();
    const { token } = makeInvite({ ...rootOf(world), addresses: [], role: 'admin', expiresAtMs: 0, uses: 1 });
    const accepted = acceptInvite(token, Identity.generate(), 'a', Date.now());
    if (!accepted.ok) throw new Error(accepted.code);
    expect(checkGrantChain(world.anchor, accepted.value.chain)).toMatchObject({ value: { role: 'admin' } });
  });
});
