import { readFileSync } from 'node:fs';

/** One question to a verifier. */
export interface SignatureCase {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

interface WycheproofFile {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
}

/** Project Wycheproof's cases, each with the verdict that it asks for. */
export function wycheproofCases(): (SignatureCase & { readonly valid: boolean })[] {
  const file = read('wycheproof.json') as WycheproofFile;
  return file.testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, comment, msg, sig, result }) => ({
      name: `${tcId} ${comment}`,
      publicKey: hex(publicKey.pk),
      message: hex(msg),
      signature: hex(sig),
      valid: result === 'valid',
    })),
  );
}

interface SpeccheckCase {
  readonly case: number;
  readonly what: string;
  readonly message: string;
  readonly pub_key: string;
  readonly signature: string;
}

/** The twelve cases of "Taming the many EdDSAs", in order. */
export function speccheckCases(): SignatureCase[] {
  return (read('speccheck.json') as SpeccheckCase[]).map((item) => ({
    name: `${item.case}: ${item.what}`,
    publicKey: hex(item.pub_key),
    message: hex(item.message),
    signature: hex(item.signature),
  }));
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../vectors/ed25519/${file}`, import.meta.url), 'utf8'));
}

/** Bytes of hexadecimal. */
export function hex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}
