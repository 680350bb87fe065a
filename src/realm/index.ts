export { decodeChain, encodeChain } from './chain-payload.ts';
export { MAIN_CHANNEL, REALM_CHANNEL } from './channel-map.ts';
export type { Grant, GrantKind, Role } from './grant.ts';
export { CHAIN_GRANTS_MAX, checkGrantChain } from './grant-chain.ts';
export { acceptInvite, type Invitation, makeInvite, readToken } from './invitation.ts';
export { grantNode, type Issuer } from './make-grants.ts';
export type { InviteUse } from './member-queries.ts';
export {
  GRANT_TOPIC,
  RECORD_TOPIC,
  REVOCATION_TOPIC,
  Realm,
  type RealmDependencies,
  type RealmOptions,
} from './realm.ts';
export { anchorOf, createRealm, entryAadOf, type RealmAnchor } from './realm-anchor.ts';
export {
  backupRoot,
  initRealmDirectory,
  joinRealmDirectory,
  type RealmDirectory,
  readRealmDirectory,
  removeRoot,
} from './realm-directory.ts';
export { NAME_BYTES_MAX } from './realm-name.ts';
export {
  CHANNELS_MAX_DEFAULT,
  type ChannelDeclaration,
  makeRecord,
  type RealmRecord,
  readRecord,
} from './realm-record.ts';
export type { RealmChange, RealmChannel, RealmNode, RealmOffer, Standing } from './realm-view.ts';
export { type LogEnd, makeRevocation, type Revocation, readRevocation } from './revocation.ts';
