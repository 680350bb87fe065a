export { type GossipDependencies, GossipService, shardOf } from './gossip-service.ts';
