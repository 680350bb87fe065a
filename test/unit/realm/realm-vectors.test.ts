import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, sha256Hex16, toHex } from '../../../src/bytes/index.ts';
import { Identity, nodeIdOf } from '../../../src/identity/index.ts';
import { checkGrantChain, Realm, type RealmAnchor, readToken } from '../../../src/realm/index.ts';
import { type RealmVectors, realmVectorsText } from '../../vectors/make-realm-vectors.ts';

const text = readFileSync(new URL('../../vectors/realm/realm.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text) as RealmVectors;
const bytesOf = (hex: string): Uint8Array => fromHex(hex)!;
const { realm } = vectors;
const anchor: RealmAnchor = {
  id: realm.id,
  name: realm.name,
  rootKey: bytesOf(realm.rootKey),
  networkSecret: bytesOf(realm.networkSecret),
};

describe('the golden objects of a realm', () => {
  it('are what their script makes', () => {
    expect(realmVectorsText()).toBe(text);
  });

  it('have a realm id that follows from the root key', () => {
    expect(sha256Hex16(anchor.rootKey)).toBe(realm.id);
    expect(toHex(Identity.fromSeed(bytesOf(realm.rootSeed)).publicKey)).toBe(realm.rootKey);
  });

  it.each(vectors.chains)('$name: the chain ends in its grant', ({ chain, last }) => {
    const grant = checkGrantChain(anchor, chain.map(bytesOf));
    if (!grant.ok) throw new Error(grant.code);
    const { subject, bytes, issuer: _, ...rest } = grant.value;
    expect({ ...rest, subject: toHex(subject) }).toEqual(last);
    expect(toHex(bytes)).toBe(chain.at(-1));
  });

  it('hold a revocation that ends an admin and keeps a node', () => {
    const mine = new Realm(anchor);
    for (const { chain, last } of vectors.chains) {
      if (last.kind === 'node') expect(mine.offerGrantChain(chain.map(bytesOf)).ok).toBe(true);
    }
    const read = mine.offerRevocation(bytesOf(vectors.revocation.bytes));
    if (!read.ok) throw new Error(read.code);
    const { id, subject, issuedAtMs, logs, keeps, bytes } = read.value;
    const key = nodeIdOf(bytesOf(vectors.revocation.subject as string));
    expect(subject).toBe(key);
    expect({ id, issuedAtMs, logs, keeps, bytes: toHex(bytes), subject: vectors.revocation.subject }).toEqual(
      vectors.revocation,
    );
    expect(mine.nodes().map(({ name, status }) => [name, status])).toEqual([
      ['Scheune Süd', 'granted'],
      ['gate', 'revoked'],
    ]);
  });

  it('hold a policy', () => {
    const read = new Realm(anchor).offerPolicy(bytesOf(vectors.policy.bytes));
    if (!read.ok) throw new Error(read.code);
    const { id, version, channels, issuedAtMs, bytes } = read.value;
    expect({ id, version, channels: Object.fromEntries(channels), issuedAtMs, bytes: toHex(bytes) }).toEqual(
      vectors.policy,
    );
  });

  it('hold a record', () => {
    const read = new Realm(anchor).offerRecord(bytesOf(vectors.record.bytes));
    if (!read.ok) throw new Error(read.code);
    const { id, version, name, channels, shards, issuedAtMs, bytes } = read.value;
    expect({ id, version, name, channels, shards, issuedAtMs, bytes: toHex(bytes) }).toEqual(vectors.record);
  });

  it('hold a token', () => {
    const read = readToken(vectors.token.token);
    if (!read.ok) throw new Error(read.code);
    const { addresses, key, grant } = read.value;
    expect({
      token: vectors.token.token,
      inviteId: grant.id,
      seed: toHex(key.seed),
      addresses,
      expiresAtMs: grant.expiresAtMs,
    }).toEqual(vectors.token);
    expect(read.value.anchor.id).toBe(realm.id);
  });
});
