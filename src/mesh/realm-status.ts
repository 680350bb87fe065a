import type { NodeId } from '../identity/index.ts';
import type { ChannelDeclaration, ChannelPolicy, InviteUse, RealmNode, Role } from '../realm/index.ts';

/** The realm as this node knows it. */
export interface RealmStatus {
  readonly id: string;
  readonly name: string;
  /** This node. */
  readonly node: NodeId;
  readonly role: Role;
  /** It may invite, revoke and declare channels. */
  readonly admin: boolean;
  readonly nodes: readonly RealmNode[];
  readonly channels: readonly ChannelDeclaration[];
  /** What the realm says about keeping channels, by name. */
  readonly policy: Readonly<Record<string, ChannelPolicy>>;
  readonly invites: readonly InviteUse[];
}

/** Options of `invite`. */
export interface InviteOptions {
  /** @defaultValue 86,400: a day */
  readonly expiresInSeconds?: number;
  /** How many nodes may join with it, 0 for any number. @defaultValue 1 */
  readonly uses?: number;
  /** @defaultValue `'member'` */
  readonly role?: Role;
}

/** A new invitation. */
export interface Invited {
  /** A secret: whoever has it can join. */
  readonly token: string;
  readonly expiresAtMs: number;
  readonly uses: number;
}
