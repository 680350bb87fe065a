import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/identity/index.ts';
import { makeRecord, makeRevocation, Realm } from '../../../src/realm/index.ts';
import { EPOCH, grantIdOf, joinBy, makeWorld, NOW_MS, type rootOf } from './realm-world.ts';

describe('Realm', () => {
  it('ends alike whatever came first and however often', () => {
    const world = makeWorld();
    const admins = [
      joinBy(world, { role: 'admin', name: 'a0' }),
      joinBy(world, { role: 'admin', name: 'a1' }),
    ];
    const below = admins.map(({ node, chain }, index) =>
      joinBy(world, { issuer: node, issuerChain: chain, role: 'admin', name: `b${index}` }),
    );
    const leaves = below.map(({ node, chain }, index) =>
      joinBy(world, { issuer: node, issuerChain: chain, name: `c${index}` }),
    );
    const nodes = [...admins, ...below, ...leaves];
    const issuers = [{ issuer: world.root, issuerChain: [] as readonly Uint8Array[] }].concat(
      [...admins, ...below].map(({ node, chain }) => ({ issuer: node, issuerChain: chain })),
    );
    const who = fc.nat(nodes.length - 1).map((index) => nodes[index]!.node);
    const by = fc.nat(issuers.length - 1).map((index) => ({ anchor: world.anchor, ...issuers[index]! }));
    const revocation = fc
      .tuple(by, who, fc.nat(9), fc.subarray(nodes))
      .map(([issuer, subject, last, keeps]) => revocationOf(issuer, subject, last, keeps));
    const record = fc.tuple(by, fc.integer({ min: 1, max: 3 })).map(([issuer, version]) => {
      const bytes = makeRecord({ ...issuer, version, name: `v${version}`, channels: [], shards: version });
      return (realm: Realm) => realm.offerRecord(bytes).ok;
    });
    const grants = nodes.map(
      ({ chain }) =>
        (realm: Realm) =>
          realm.offerGrantChain(chain).ok,
    );
    const events = fc.array(fc.oneof(revocation, record), { maxLength: 6 }).chain((others) => {
      const all = [...grants, ...others];
      const order = fc.shuffledSubarray(all, { minLength: all.length });
      return fc.tuple(order, order, fc.shuffledSubarray(all));
    });
    fc.assert(
      fc.property(events, ([first, second, again]) => {
        expect(stateAfter(second.concat(again))).toEqual(stateAfter(first));
      }),
      { numRuns: 60 },
    );

    function stateAfter(steps: readonly ((realm: Realm) => unknown)[]): unknown {
      const realm = new Realm(world.anchor);
      for (const step of steps) step(realm);
      const allowed = nodes.map(({ node }) =>
        [0, 4, 9].map((last) => realm.allows(node.nodeId, 'main', EPOCH, last)),
      );
      return { nodes: realm.nodes(), uses: realm.inviteUses(), record: realm.record?.id, allowed };
    }

    function revocationOf(
      issuer: ReturnType<typeof rootOf>,
      subject: Identity,
      last: number,
      keeps: readonly { readonly chain: readonly Uint8Array[] }[],
    ): (realm: Realm) => boolean {
      const bytes = makeRevocation({
        ...issuer,
        subject: subject.nodeId,
        logs: [{ channel: 'main', epoch: EPOCH, last }],
        keeps: keeps.map(grantIdOf),
        issuedAtMs: NOW_MS,
      });
      return (realm) => realm.offerRevocation(bytes).ok;
    }
  }, 60_000);
});
