import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeCbor, toHex } from '../../../src/bytes/index.ts';
import { parseCose1, signCose1, verifyCose1 } from '../../../src/cose/index.ts';
import { Identity } from '../../../src/identity/index.ts';

/** What the test uses of @ldclabs/cose-ts: its own COSE, its own CBOR (cborg), its own Ed25519 (noble-curves). */
interface CoseTs {
  readonly Ed25519Key: {
    fromPublic(publicKey: Uint8Array): object;
    fromSecret(seed: Uint8Array): object;
  };
  readonly Header: new (params: Map<number, unknown>) => object;
  readonly Sign1Message: {
    new (
      payload: Uint8Array,
      protectedHeader: object,
      unprotected: object,
    ): {
      toBytes(key: object, externalAad: Uint8Array): Uint8Array;
    };
    fromBytes(
      key: object,
      bytes: Uint8Array,
      externalAad?: Uint8Array,
    ): { readonly payload: Uint8Array; readonly protected: { getBytes(label: number): Uint8Array } };
    withTag(bytes: Uint8Array): Uint8Array;
  };
}

/** Its modules name each other without file extensions, which only a bundler resolves. */
async function loadCoseTs(): Promise<CoseTs> {
  const parts = { ed25519: 'Ed25519Key', header: 'Header', sign1: 'Sign1Message' };
  const contents = Object.entries(parts)
    .map(([file, name]) => `export { ${name} } from '@ldclabs/cose-ts/${file}';`)
    .join('');
  const stdin = { contents, resolveDir: import.meta.dirname };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'node', write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString('base64')}`);
}

const seed = new Uint8Array(32).fill(42);
const key = Identity.fromSeed(seed);
const aad = encodeCbor(['sedge/1', new Uint8Array(16).fill(9)]);
const payload = encodeCbor([1, 'main', new Uint8Array(300)]);

describe('COSE_Sign1 against an independent implementation', () => {
  let Ed25519Key: CoseTs['Ed25519Key'];
  let Header: CoseTs['Header'];
  let Sign1Message: CoseTs['Sign1Message'];

  beforeAll(async () => {
    ({ Ed25519Key, Header, Sign1Message } = await loadCoseTs());
  });

  it('makes objects that the other verifies', () => {
    const message = Sign1Message.fromBytes(
      Ed25519Key.fromPublic(key.publicKey),
      signCose1(payload, key, aad),
      aad,
    );
    expect(toHex(message.payload)).toBe(toHex(payload));
    expect(toHex(message.protected.getBytes(4))).toBe(toHex(key.publicKey));
  });

  it('makes objects that the other refuses without the realm, and when they were changed', () => {
    const bytes = signCose1(payload, key, aad);
    const theirs = Ed25519Key.fromPublic(key.publicKey);
    expect(() => Sign1Message.fromBytes(theirs, bytes)).toThrow('signature mismatch');
    bytes[80]! ^= 1;
    expect(() => Sign1Message.fromBytes(theirs, bytes, aad)).toThrow('signature mismatch');
  });

  it('verifies objects that the other makes, and makes the same bytes', () => {
    const header = new Header(
      new Map<number, unknown>([
        [1, -8],
        [4, key.publicKey],
      ]),
    );
    const theirs = new Sign1Message(payload, header, new Header(new Map()));
    const bytes = Sign1Message.withTag(theirs.toBytes(Ed25519Key.fromSecret(seed), aad));
    const parsed = parseCose1(bytes);
    if (!parsed.ok) throw new Error(parsed.code);
    expect(verifyCose1(parsed.value, aad).ok).toBe(true);
    expect(toHex(bytes)).toBe(toHex(signCose1(payload, key, aad)));
  });
});
