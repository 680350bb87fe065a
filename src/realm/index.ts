export { MAIN_CHANNEL, REALM_CHANNEL } from './channel-map.ts';
export type { Grant, GrantKind, Role } from './grant.ts';
export { CHAIN_GRANTS_MAX, checkGrantChain } from './grant-chain.ts';
export { acceptInvite, type Invitation, makeInvite, readToken, TOKEN_PREFIX } from './invitation.ts';
export { grantNode, type Issuer } from './make-grants.ts';
export {
  encodeChainPayload,
  type InviteUse,
  REALM_TOPICS,
  Realm,
  type RealmNode,
  type Standing,
} from './realm.ts';
export { createRealm, type RealmAnchor } from './realm-anchor.ts';
export {
  backupRoot,
  initRealmDirectory,
  isRealmDirectory,
  joinRealmDirectory,
  REALM_FILES,
  type RealmDirectory,
  readRealmDirectory,
  removeRoot,
} from './realm-directory.ts';
export { isName, NAME_BYTES_MAX } from './realm-name.ts';
export { type ChannelDeclaration, makeRecord, type RealmRecord } from './realm-record.ts';
export { type LogEnd, makeRevocation, type Revocation } from './revocation.ts';
