import type { NodeId } from '../identity/index.ts';
import type { Grant, Role } from './grant.ts';
import type { RealmRecord } from './realm-record.ts';
import type { Revocation } from './revocation.ts';

/** Where a node stands. */
export type Standing =
  | { readonly status: 'unknown' }
  | { readonly status: 'granted'; readonly role: Role; readonly name: string; readonly grant: Grant }
  | {
      readonly status: 'revoked';
      /** Last number of a log of the node that still counts; 0 for none. */
      readonly through: (channel: string, epoch: string) => number;
    };

/** A node as the realm knows it. */
export interface RealmNode {
  readonly node: NodeId;
  /** The empty string where no grant of the node is known. */
  readonly name: string;
  readonly role: Role;
  /** Its issuer's clock, milliseconds since 1970; `null` where no grant is known. */
  readonly grantedAtMs: number | null;
  /** Id of the invitation that it joined by, if it did. */
  readonly inviteId: string | null;
  readonly status: 'granted' | 'revoked';
}

/** A channel of the realm; the filter is `null` for `main`, which takes the rest. */
export interface RealmChannel {
  readonly name: string;
  readonly filter: string | null;
}

/** What changed: the standing of nodes, or what the realm declares. */
export type RealmChange =
  | { readonly kind: 'granted'; readonly node: NodeId }
  | { readonly kind: 'revoked'; readonly node: NodeId }
  | { readonly kind: 'record' };

/** What a message of `$realm` turned out to be; `ignored` is of a kind that this version does not know. */
export type RealmOffer =
  | { readonly kind: 'grant'; readonly grant: Grant }
  | { readonly kind: 'revocation'; readonly revocation: Revocation }
  | { readonly kind: 'record'; readonly record: RealmRecord }
  | { readonly kind: 'ignored' };
