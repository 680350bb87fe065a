import { describe, expect, it } from 'vitest';
import { isSedgeError } from '../../../src/errors/index.ts';
import { Identity } from '../../../src/identity/index.ts';
import {
  type ChannelPolicy,
  createRealm,
  grantNode,
  makePolicy,
  makeRevocation,
  REALM_TOPICS,
  Realm,
} from '../../../src/realm/index.ts';

const ISSUED = { issuedAtMs: 1_790_000_000_000 };
const filled = (byte: number) => (n: number) => new Uint8Array(n).fill(byte);
const { anchor, root } = createRealm({ name: 'farm', randomBytes: filled(1) });
const admin = Identity.fromSeed(filled(2)(32));
const member = Identity.fromSeed(filled(3)(32));
const grantOf = (identity: Identity, role: 'admin' | 'member') =>
  grantNode({ anchor, issuer: root, subject: identity.publicKey, role, name: role, ...ISSUED });
const adminChain = grantOf(admin, 'admin');

function policyBy(issuer: 'root' | 'admin', version: number, channels: Record<string, ChannelPolicy>) {
  const by = issuer === 'root' ? { issuer: root } : { issuer: admin, issuerChain: adminChain };
  return makePolicy({ anchor, ...by, version, channels: new Map(Object.entries(channels)), ...ISSUED });
}

describe('the policy of a realm', () => {
  it('says what is kept of a channel, whatever version came first', () => {
    const older = policyBy('root', 1, { main: { retentionSeconds: 60 } });
    const newer = policyBy('root', 2, { main: { retentionSeconds: 90 }, bulk: { priority: 'bulk' } });
    for (const order of [
      [older, newer],
      [newer, older],
    ]) {
      const realm = new Realm(anchor);
      for (const policy of order) realm.offer(REALM_TOPICS.policy, policy);
      expect(realm.policyOf('main')).toEqual({ retentionSeconds: 90 });
      expect(realm.policyOf('other')).toEqual({});
      expect(['$realm', 'main', 'bulk'].map((channel) => realm.priorityOf(channel))).toEqual([
        'control',
        'normal',
        'bulk',
      ]);
    }
  });

  it('falls with the admin that signed it, and the one before rises', () => {
    const realm = new Realm(anchor);
    expect(realm.offerGrantChain(adminChain).ok).toBe(true);
    realm.offer(REALM_TOPICS.policy, policyBy('root', 1, { main: { retentionSeconds: 60 } }));
    realm.offer(REALM_TOPICS.policy, policyBy('admin', 2, { main: { retentionSeconds: 1 } }));
    expect(realm.policyOf('main')).toEqual({ retentionSeconds: 1 });
    const revocation = { anchor, issuer: root, subject: admin.nodeId, logs: [], keeps: [], ...ISSUED };
    realm.offer(REALM_TOPICS.revocation, makeRevocation(revocation));
    expect(realm.policyOf('main')).toEqual({ retentionSeconds: 60 });
  });

  it('is refused from a member, for $realm, and with values out of bounds', () => {
    const chain = grantOf(member, 'member');
    const channels = new Map([['main', {}]]);
    const thrown = (make: () => unknown) => {
      try {
        make();
      } catch (error) {
        return isSedgeError(error) ? error.code : String(error);
      }
      return 'nothing';
    };
    const byMember = { anchor, issuer: member, issuerChain: chain, version: 1, channels, ...ISSUED };
    expect(thrown(() => makePolicy(byMember))).toBe('realm.not-admin');
    for (const bad of [{ $realm: {} }, { main: { retentionBytes: -1 } }, { main: { ttlSeconds: 2 ** 33 } }]) {
      expect(thrown(() => policyBy('root', 1, bad as never))).toBe('realm.bad-policy');
    }
    const forged = policyBy('root', 1, { main: { retentionSeconds: 60 } });
    forged[forged.length - 1]! ^= 1;
    expect(new Realm(anchor).offer(REALM_TOPICS.policy, forged)).toMatchObject({ ok: false });
  });

  it('passes over keys of later versions', async () => {
    const { encodeCbor, decodeCbor } = await import('../../../src/bytes/index.ts');
    const { decodeChannelPolicy } = await import('../../../src/realm/channel-policy.ts');
    const later = encodeCbor(
      new Map<number, unknown>([
        [1, 60],
        [99, 'later'],
      ]),
    );
    const decoded = decodeCbor(later);
    if (!decoded.ok) throw new Error(decoded.code);
    expect(decodeChannelPolicy(decoded.value)).toEqual({ retentionSeconds: 60 });
  });
});
