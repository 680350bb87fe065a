import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeCbor, fromHex } from '../../../src/bytes/index.ts';
import { decodeForkProof, verifyForkProof } from '../../../src/ingest/fork-proof.ts';
import { type ForkVectors, makeForkVectors } from '../../vectors/make-fork-vectors.ts';

const file = new URL('../../vectors/ingest/forks.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as ForkVectors;

describe('golden proofs of forks', () => {
  it('are what the script makes', () => {
    expect(makeForkVectors()).toEqual(vectors);
  });

  it.each(vectors.proofs)('are read and verified: $name', ({ kind, end, payload }) => {
    const aad = encodeCbor(['sedge/1', fromHex(vectors.realmId)]);
    const proof = decodeForkProof(fromHex(payload)!);
    expect(proof.ok && verifyForkProof(proof.value, aad)).toMatchObject({ ok: true, value: { kind, end } });
  });
});
