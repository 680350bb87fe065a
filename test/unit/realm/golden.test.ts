import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import {
  acceptInvite,
  anchorOf,
  checkGrantChain,
  entryAadOf,
  grantNode,
  makeInvite,
  makeRecord,
  makeRevocation,
  readRecord,
  readRevocation,
  readToken,
} from '../../../src/realm/index.ts';

interface GoldenRealm {
  readonly realmName: string;
  readonly rootSeed: string;
  readonly networkSecret: string;
  readonly rootKey: string;
  readonly realmId: string;
  readonly entryAad: string;
  readonly grant: {
    readonly subjectSeed: string;
    readonly name: string;
    readonly issuedAtMs: number;
    readonly bytes: string;
  };
  readonly revocation: {
    readonly logs: readonly { readonly channel: string; readonly epoch: string; readonly last: number }[];
    readonly keepsSeed: string;
    readonly issuedAtMs: number;
    readonly bytes: string;
  };
  readonly record: {
    readonly version: number;
    readonly name: string;
    readonly channels: readonly { readonly name: string; readonly filter: string }[];
    readonly shards: number;
    readonly issuedAtMs: number;
    readonly bytes: string;
  };
  readonly invitation: {
    readonly inviteSeed: string;
    readonly addresses: readonly string[];
    readonly name: string;
    readonly issuedAtMs: number;
    readonly expiresAtMs: number;
    readonly uses: number;
    readonly inviteId: string;
    readonly token: string;
    readonly nodeName: string;
    readonly acceptedAtMs: number;
    readonly chain: readonly string[];
  };
}

const path = new URL('../../vectors/realm/realm.json', import.meta.url);
const golden: GoldenRealm = JSON.parse(readFileSync(path, 'utf8'));
const bytesOf = (hex: string) => fromHex(hex)!;
const identityOf = (seed: string) => Identity.fromSeed(bytesOf(seed));

const root = identityOf(golden.rootSeed);
const node = identityOf(golden.grant.subjectSeed);
const anchor = anchorOf(golden.realmName, root.publicKey, bytesOf(golden.networkSecret));

describe('Golden bytes of the realm', () => {
  it('hold for the anchor and the external data of entries', () => {
    expect(toHex(anchor.rootKey)).toBe(golden.rootKey);
    expect(anchor.id).toBe(golden.realmId);
    expect(toHex(entryAadOf(anchor.id))).toBe(golden.entryAad);
  });

  it('hold for a grant', () => {
    const { name, issuedAtMs, bytes } = golden.grant;
    const chain = grantNode({ anchor, issuer: root, subject: node.publicKey, name, issuedAtMs });
    expect(chain.map(toHex)).toEqual([bytes]);
    expect(checkGrantChain(anchor, [bytesOf(bytes)])).toMatchObject({
      value: { name, issuedAtMs, role: 'member' },
    });
  });

  it('hold for a revocation', () => {
    const { logs, keepsSeed, issuedAtMs, bytes } = golden.revocation;
    const keeps = [identityOf(keepsSeed).nodeId];
    const made = makeRevocation({ anchor, issuer: root, subject: node.nodeId, logs, keeps, issuedAtMs });
    expect(toHex(made)).toBe(bytes);
    const value = { subject: node.nodeId, logs, keeps, issuedAtMs, issuer: root.nodeId };
    expect(readRevocation(anchor, bytesOf(bytes))).toMatchObject({ ok: true, value });
  });

  it('hold for a record', () => {
    const { bytes, ...fields } = golden.record;
    expect(toHex(makeRecord({ anchor, issuer: root, ...fields }))).toBe(bytes);
    expect(readRecord(anchor, bytesOf(bytes))).toMatchObject({ ok: true, value: fields });
  });

  it('hold for a token and the chain that a node makes of it', () => {
    const { inviteSeed, addresses, name, issuedAtMs, expiresAtMs, uses, ...expected } = golden.invitation;
    const randomBytes = () => bytesOf(inviteSeed);
    const options = { anchor, issuer: root, addresses, name, issuedAtMs, expiresAtMs, uses, randomBytes };
    expect(makeInvite(options)).toEqual({ token: expected.token, inviteId: expected.inviteId });
    expect(readToken(expected.token)).toMatchObject({ ok: true, value: { anchor, addresses } });
    const accepted = acceptInvite(expected.token, node, expected.nodeName, expected.acceptedAtMs);
    expect(accepted.ok && accepted.value.chain.map(toHex)).toEqual(expected.chain);
  });
});
