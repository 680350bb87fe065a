import { Ed25519Key } from '@ldclabs/cose-ts/ed25519';
import { Header } from '@ldclabs/cose-ts/header';
import { Sign1Message } from '@ldclabs/cose-ts/sign1';
import { describe, expect, it } from 'vitest';
import { decodeCbor, encodeCbor, fromHex, toHex } from '../../../src/bytes/index.ts';
import { parseCose1, verifyCose1 } from '../../../src/cose/index.ts';
import { decodeEntry, type EpochId, sealEntry, verifyEntry } from '../../../src/entry/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import { checkGrantChain, createRealm, grantNode, Realm } from '../../../src/realm/index.ts';

const ALGORITHM = 1;
const KEY_ID = 4;
const EDDSA = -8;

/** The other implementation: its own CBOR (cborg) and its own Ed25519 (noble curves). */
const seed = new Uint8Array(32).fill(5);
const identity = Identity.fromSeed(seed);
const theirs = Ed25519Key.fromSecret(seed);
const verifier = Ed25519Key.fromPublic(identity.publicKey);

const fill = (n: number): Uint8Array => new Uint8Array(n).fill(3);
const { anchor, root } = createRealm({ name: 'yard', randomBytes: fill });
const aad = new Realm(anchor).entryAad();

const entry = sealEntry(
  {
    channel: 'main',
    epoch: '0011223344556677' as EpochId,
    seq: 1,
    skip: 0,
    prev: null,
    lamport: 1,
    timeMs: 1_790_000_000_000,
    ttlSeconds: 0,
    messages: [{ topic: 'site/temp', payload: Buffer.from('21.5'), timeMs: 1_790_000_000_000 }],
  },
  identity,
  aad,
);

/** An object by the other implementation, by the template of sedge. */
function madeByOther(payload: Uint8Array, externalAad: Uint8Array): Uint8Array {
  const header = new Header(
    new Map<number, unknown>([
      [ALGORITHM, EDDSA],
      [KEY_ID, identity.publicKey],
    ]),
  );
  const untagged = new Sign1Message(payload, header, new Header()).toBytes(theirs, externalAad);
  return Sign1Message.withTag(untagged);
}

describe('an independent COSE implementation', () => {
  it('verifies an entry of sedge and reads author and body from it', () => {
    const message = Sign1Message.fromBytes(verifier, entry.bytes, aad);
    expect(message.protected?.getInt(ALGORITHM)).toBe(EDDSA);
    expect(toHex(message.protected!.getBytes(KEY_ID))).toBe(toHex(identity.publicKey));
    const body = decodeCbor(message.payload);
    expect(body.ok && (body.value as unknown[]).slice(0, 2)).toEqual([1, 'main']);
  });

  it('refuses an entry under the external data of another realm', () => {
    const otherAad = encodeCbor(['sedge/1', fromHex('00'.repeat(16))]);
    expect(() => Sign1Message.fromBytes(verifier, entry.bytes, otherAad)).toThrow('signature mismatch');
  });

  it('verifies a grant of sedge', () => {
    const [grant] = grantNode({
      anchor,
      issuer: root,
      subject: identity.publicKey,
      name: 'a',
      issuedAtMs: 1,
    });
    const grantAad = encodeCbor(['sedge-grant/1', fromHex(anchor.id)]);
    const rootVerifier = Ed25519Key.fromPublic(root.publicKey);
    const message = Sign1Message.fromBytes(rootVerifier, grant!, grantAad);
    expect(toHex(message.protected!.getBytes(KEY_ID))).toBe(toHex(root.publicKey));
    expect(() => Sign1Message.fromBytes(rootVerifier, grant!, aad)).toThrow('signature mismatch');
  });

  it('makes an entry that is byte for byte the one of sedge', () => {
    const body = parseCose1(entry.bytes);
    if (!body.ok) throw new Error(body.code);
    const made = madeByOther(body.value.payload, aad);
    expect(toHex(made)).toBe(toHex(entry.bytes));
    expect(verifyEntry(made, aad)).toEqual({ ok: true, value: true });
    const decoded = decodeEntry(made);
    expect(decoded.ok && decoded.value.messages?.[0]?.topic).toBe('site/temp');
  });

  it('makes a grant that sedge takes', () => {
    const { root: sameRoot } = createRealm({ name: 'yard', randomBytes: fill });
    const payload = encodeCbor([1, 1, identity.publicKey, 0, 'a', 1, 0, 0]);
    const header = new Header(
      new Map<number, unknown>([
        [ALGORITHM, EDDSA],
        [KEY_ID, sameRoot.publicKey],
      ]),
    );
    const grantAad = encodeCbor(['sedge-grant/1', fromHex(anchor.id)]);
    const bytes = Sign1Message.withTag(
      new Sign1Message(payload, header, new Header()).toBytes(Ed25519Key.fromSecret(sameRoot.seed), grantAad),
    );
    const grant = checkGrantChain(anchor, [bytes]);
    expect(grant.ok && grant.value.name).toBe('a');
  });

  it('makes an object that verifies, but is refused where it leaves the template', () => {
    const payload = encodeCbor(['anything']);
    const tagged = madeByOther(payload, aad);
    const read = parseCose1(tagged);
    expect(read.ok && verifyCose1(read.value, aad).ok).toBe(true);
    expect(parseCose1(tagged.subarray(1))).toEqual({ ok: false, code: 'cose.bad-frame' });
    const unprotected = new Header(new Map<number, unknown>([[KEY_ID, Buffer.from('a')]]));
    const header = new Header(
      new Map<number, unknown>([
        [ALGORITHM, EDDSA],
        [KEY_ID, identity.publicKey],
      ]),
    );
    const dressed = Sign1Message.withTag(new Sign1Message(payload, header, unprotected).toBytes(theirs, aad));
    expect(parseCose1(dressed)).toEqual({ ok: false, code: 'cose.bad-frame' });
  });
});
