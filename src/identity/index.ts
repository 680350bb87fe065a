export { type NodeId, nodeIdOf, publicKeyOf } from './node-id.ts';
