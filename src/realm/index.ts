export { encodeChainPayload } from './chain-payload.ts';
export { ALERTS_CHANNEL, MAIN_CHANNEL, REALM_CHANNEL } from './channel-map.ts';
export {
  type ChannelPolicy,
  hasPolicy,
  isChannelPolicy,
  PRIORITIES,
  type Priority,
} from './channel-policy.ts';
export type { Grant, GrantKind, Role } from './grant.ts';
export { CHAIN_GRANTS_MAX, checkGrantChain } from './grant-chain.ts';
export { acceptInvite, type Invitation, makeInvite, readToken, TOKEN_PREFIX } from './invitation.ts';
export { grantNode, type Issuer } from './make-grants.ts';
export { REALM_TOPICS, Realm, type RealmOptions } from './realm.ts';
export { anchorOf, createRealm, entryAadOf, type RealmAnchor } from './realm-anchor.ts';
export {
  backupRoot,
  initRealmDirectory,
  isRealmDirectory,
  joinRealmDirectory,
  type RealmDirectory,
  readRealmDirectory,
  removeRoot,
} from './realm-directory.ts';
export { REALM_FILES } from './realm-file.ts';
export { isName, NAME_BYTES_MAX } from './realm-name.ts';
export { makePolicy, type RealmPolicy, readPolicy } from './realm-policy.ts';
export { type ChannelDeclaration, makeRecord, type RealmRecord, readRecord } from './realm-record.ts';
export type { InviteUse, RealmNode, RealmOffer, Standing } from './realm-view.ts';
export { type LogEnd, makeRevocation, type Revocation, readRevocation } from './revocation.ts';
