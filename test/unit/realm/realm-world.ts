import { sha256Hex16 } from '../../../src/bytes/index.ts';
import { Identity, type NodeId } from '../../../src/identity/index.ts';
import {
  acceptInvite,
  createRealm,
  makeInvite,
  makeRevocation,
  Realm,
  type RealmAnchor,
  type Role,
} from '../../../src/realm/index.ts';

export const NOW_MS = 1_800_000_000_000;
export const EPOCH = '0102030405060708';

export interface World {
  readonly anchor: RealmAnchor;
  readonly root: Identity;
  readonly realm: Realm;
  clockMs: number;
}

export function makeWorld(options: { nodesMax?: number; channelsMax?: number } = {}): World {
  const { anchor, root } = createRealm({ name: 'farm' });
  const world = { anchor, root, clockMs: NOW_MS } as World & { realm: Realm };
  world.realm = new Realm(anchor, options);
  return world;
}

/** A node that joins by an invitation of the issuer (the root, or an admin with its chain). */
export function joinBy(
  world: World,
  options: {
    issuer?: Identity;
    issuerChain?: readonly Uint8Array[];
    role?: Role;
    name?: string;
    uses?: number;
    expiresAtMs?: number;
  } = {},
): { node: Identity; chain: readonly Uint8Array[]; token: string; inviteId: string } {
  const { issuer = world.root, issuerChain = [], role = 'member', name = 'pi', uses = 1 } = options;
  const invite = makeInvite({
    anchor: world.anchor,
    issuer,
    issuerChain,
    addresses: [],
    role,
    expiresAtMs: options.expiresAtMs ?? 0,
    uses,
    issuedAtMs: NOW_MS,
  });
  return { ...joinWith(invite.token, name), ...invite };
}

export function joinWith(token: string, name: string): { node: Identity; chain: readonly Uint8Array[] } {
  const node = Identity.generate();
  const accepted = acceptInvite(token, node, name, NOW_MS);
  if (!accepted.ok) throw new Error(accepted.code);
  return { node, chain: accepted.value.chain };
}

export function revoke(
  world: World,
  subject: NodeId,
  options: {
    issuer?: Identity;
    issuerChain?: readonly Uint8Array[];
    last?: number;
    keeps?: readonly string[];
  } = {},
): Uint8Array {
  const { issuer = world.root, issuerChain = [], last, keeps = [] } = options;
  const logs = last === undefined ? [] : [{ channel: 'main', epoch: EPOCH, last }];
  return makeRevocation({
    anchor: world.anchor,
    issuer,
    issuerChain,
    subject,
    logs,
    keeps,
    issuedAtMs: NOW_MS,
  });
}

/** Id of the node's own grant, which a revocation can keep. */
export function grantIdOf({ chain }: { readonly chain: readonly Uint8Array[] }): string {
  return sha256Hex16(chain.at(-1)!);
}

export function rootOf({ anchor, root }: World): { anchor: RealmAnchor; issuer: Identity } {
  return { anchor, issuer: root };
}

export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
