import type { NodeId } from '../identity/index.ts';
import type { Grant, Role } from './grant.ts';
import type { RealmPolicy } from './realm-policy.ts';
import type { RealmRecord } from './realm-record.ts';
import type { Revocation } from './revocation.ts';

/** What the realm knows of a node. */
export type Standing =
  | { readonly status: 'unknown' }
  | { readonly status: 'granted'; readonly role: Role; readonly name: string; readonly grant: Grant }
  | {
      readonly status: 'revoked';
      /** Last number of a log of the node that still counts; 0 for none. */
      readonly through: (channel: string, epoch: string) => number;
    };

/** A node of the realm, for people. */
export interface RealmNode {
  readonly node: NodeId;
  readonly name: string;
  readonly role: Role;
  readonly status: 'granted' | 'revoked';
  /** By the granting node's clock, milliseconds since 1970. */
  readonly grantedAtMs: number;
  /** Id of the invitation's grant; `null` where the node was granted directly. */
  readonly invite: string | null;
}

/** How an invitation was used, as far as this node has heard. */
export interface InviteUse {
  /** Id of the invitation's grant. */
  readonly invite: string;
  /** The invitation's one-time key as an id: revoking it stops further uses. */
  readonly key: NodeId;
  /** Label for people, may be empty. */
  readonly name: string;
  /** How many nodes it is for; 0 for any number. */
  readonly uses: number;
  readonly used: number;
  /** It was used more often than it allows, or on several sides of a partition at once. */
  readonly overused: boolean;
  /** Who joined by it, by time of the grant. */
  readonly nodes: readonly NodeId[];
}

/** What a message of `$realm` turned out to be; `ignored` is of a kind that this version does not know. */
export type RealmOffer =
  | { readonly kind: 'grant'; readonly grant: Grant }
  | { readonly kind: 'revocation'; readonly revocation: Revocation }
  | { readonly kind: 'record'; readonly record: RealmRecord }
  | { readonly kind: 'policy'; readonly policy: RealmPolicy }
  | { readonly kind: 'ignored' };
