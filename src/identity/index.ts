export { Identity, SEED_BYTES } from './identity.ts';
export { readKeyFile, writeKeyFile } from './key-file.ts';
export { type NodeId, nodeIdOf, publicKeyOf } from './node-id.ts';
