/** Writes test/vectors/realm/realm.json: `node test/vectors/make-realm-vectors.ts`. The same input, the same bytes. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { sha256Hex16, toHex } from '../../src/bytes/index.ts';
import { Identity } from '../../src/identity/index.ts';
import {
  acceptInvite,
  createRealm,
  grantNode,
  makeInvite,
  makePolicy,
  makeRecord,
  makeRevocation,
} from '../../src/realm/index.ts';

const NOW_MS = 1_790_000_000_000;
const filled =
  (byte: number) =>
  (n: number): Uint8Array =>
    new Uint8Array(n).fill(byte);
const keyOf = (byte: number): Identity => Identity.fromSeed(filled(byte)(32));

/** The file; bytes in hexadecimal. */
export interface RealmVectors {
  readonly about: string;
  readonly realm: {
    readonly name: string;
    readonly rootSeed: string;
    readonly rootKey: string;
    readonly networkSecret: string;
    readonly id: string;
  };
  /** Chains of grants, root's first, with what their last grant says. */
  readonly chains: readonly {
    readonly name: string;
    readonly chain: readonly string[];
    readonly last: Readonly<Record<string, string | number>>;
  }[];
  readonly revocation: Readonly<Record<string, unknown>> & { readonly bytes: string };
  readonly record: Readonly<Record<string, unknown>> & { readonly bytes: string };
  /** Since 0.2. */
  readonly policy: Readonly<Record<string, unknown>> & { readonly bytes: string };
  readonly token: {
    readonly token: string;
    readonly inviteId: string;
    readonly seed: string;
    readonly addresses: readonly string[];
    readonly expiresAtMs: number;
  };
}

function vectorOf(name: string, chain: readonly Uint8Array[], last: Record<string, string | number>) {
  return { name, chain: chain.map(toHex), last: { ...last, id: sha256Hex16(chain.at(-1)!) } };
}

/** Makes the file's content. */
export function makeRealmVectors(): RealmVectors {
  const { anchor, root } = createRealm({ name: 'orchard', randomBytes: filled(1) });
  const [admin, member, guest] = [keyOf(2), keyOf(3), keyOf(4)];
  const common = { anchor, issuedAtMs: NOW_MS };
  const adminChain = grantNode({
    ...common,
    issuer: root,
    subject: admin.publicKey,
    name: 'gate',
    role: 'admin',
  });
  const byAdmin = { ...common, issuer: admin, issuerChain: adminChain };
  const memberChain = grantNode({ ...byAdmin, subject: member.publicKey, name: 'Scheune Süd' });
  const addresses = ['/ip4/192.168.1.5/tcp/7600', '/dns4/gate.local/tcp/7600'];
  const expiresAtMs = NOW_MS + 86_400_000;
  const invited = makeInvite({
    ...byAdmin,
    addresses,
    expiresAtMs,
    uses: 3,
    name: 'spring',
    randomBytes: filled(5),
  });
  const accepted = acceptInvite(invited.token, guest, 'guest', NOW_MS + 60_000);
  if (!accepted.ok) throw new Error(accepted.code);
  const logs = [
    { channel: 'main', epoch: '0011223344556677', last: 2 ** 40 },
    { channel: '$realm', epoch: '0011223344556677', last: 3 },
  ];
  const keeps = [sha256Hex16(memberChain.at(-1)!)];
  const revocation = makeRevocation({ ...common, issuer: root, subject: admin.nodeId, logs, keeps });
  const channels = [{ name: 'alarm', filter: 'alarm/#' }];
  const record = makeRecord({ ...byAdmin, version: 2, name: 'orchard', channels, shards: 4 });
  const kept = {
    main: { retentionSeconds: 604_800, retentionBytes: 2 ** 33, retentionMessages: 0, ttlSeconds: 3_600 },
    alarm: { priority: 'alarm' as const },
  };
  const policy = makePolicy({ ...byAdmin, version: 5, channels: new Map(Object.entries(kept)) });
  return {
    about:
      'Golden objects of a realm (src/realm/README.md). Made by test/vectors/make-realm-vectors.ts; bytes in hexadecimal.',
    realm: {
      name: anchor.name,
      rootSeed: toHex(root.seed),
      rootKey: toHex(anchor.rootKey),
      networkSecret: toHex(anchor.networkSecret),
      id: anchor.id,
    },
    chains: [
      vectorOf('an admin, granted by the root', adminChain, {
        kind: 'node',
        role: 'admin',
        name: 'gate',
        subject: toHex(admin.publicKey),
        issuedAtMs: NOW_MS,
        expiresAtMs: 0,
        uses: 0,
      }),
      vectorOf('a member, granted by an admin', memberChain, {
        kind: 'node',
        role: 'member',
        name: 'Scheune Süd',
        subject: toHex(member.publicKey),
        issuedAtMs: NOW_MS,
        expiresAtMs: 0,
        uses: 0,
      }),
      vectorOf("an invitation of an admin's", accepted.value.chain.slice(0, -1), {
        kind: 'invite',
        role: 'member',
        name: 'spring',
        subject: toHex(keyOf(5).publicKey),
        issuedAtMs: NOW_MS,
        expiresAtMs,
        uses: 3,
      }),
      vectorOf('a member, by that invitation', accepted.value.chain, {
        kind: 'node',
        role: 'member',
        name: 'guest',
        subject: toHex(guest.publicKey),
        issuedAtMs: NOW_MS + 60_000,
        expiresAtMs: 0,
        uses: 0,
      }),
    ],
    revocation: {
      bytes: toHex(revocation),
      id: sha256Hex16(revocation),
      subject: toHex(admin.publicKey),
      issuedAtMs: NOW_MS,
      logs,
      keeps,
    },
    record: {
      bytes: toHex(record),
      id: sha256Hex16(record),
      version: 2,
      name: 'orchard',
      channels,
      shards: 4,
      issuedAtMs: NOW_MS,
    },
    policy: {
      bytes: toHex(policy),
      id: sha256Hex16(policy),
      version: 5,
      channels: kept,
      issuedAtMs: NOW_MS,
    },
    token: { ...invited, seed: toHex(keyOf(5).seed), addresses, expiresAtMs },
  };
}

/** The file's text. */
export function realmVectorsText(): string {
  return `${JSON.stringify(makeRealmVectors(), null, 2)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(new URL('./realm/realm.json', import.meta.url), realmVectorsText());
}
