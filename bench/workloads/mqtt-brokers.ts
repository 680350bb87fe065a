import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentClient, connectAgent } from '../../node/control/client/index.ts';
import type { BenchRun } from '../bench-run.ts';
import { BENCH_TOPIC } from '../child/endpoint.ts';
import { makeRealm } from '../make-realm.ts';
import { MosquittoBroker } from '../mosquitto.ts';

const LOOK_MS = 50;
const CONNECT_MS_MAX = 20_000;

/** Brokers of a run: where to publish and where to subscribe. */
export interface Brokers {
  readonly publish: number;
  readonly subscribe: number;
  /** Process of the broker that is published at. */
  readonly pid: number;
}

/** What is measured, by name. */
export const BROKERS = {
  'one-node': oneNode,
  'two-nodes': twoNodes,
  mosquitto,
  'bridge-out': bridgeOut,
  'bridge-in': bridgeIn,
};
export type BrokerName = keyof typeof BROKERS;

/** Those that cannot be measured without it. */
export const NEED_MOSQUITTO: ReadonlySet<BrokerName> = new Set(['mosquitto', 'bridge-out', 'bridge-in']);

async function oneNode({ stage }: BenchRun): Promise<Brokers> {
  const directory = stage.directory();
  await makeRealm([directory]);
  const agent = stage.agent({ directory, peers: [], mqtt: '127.0.0.1:0' });
  await agent.ready();
  return { publish: agent.mqttPort, subscribe: agent.mqttPort, pid: agent.pid };
}

async function twoNodes({ stage }: BenchRun): Promise<Brokers> {
  const [near, far] = [stage.directory(), stage.directory()];
  await makeRealm([near, far]);
  const publisher = stage.agent({ directory: near, peers: [], mqtt: '127.0.0.1:0' });
  await publisher.ready();
  const subscriber = stage.agent({ directory: far, peers: [publisher.address], mqtt: '127.0.0.1:0' });
  await subscriber.ready();
  await untilAgent(near, async (agent) => (await agent.status()).peersConnected > 0);
  return { publish: publisher.mqttPort, subscribe: subscriber.mqttPort, pid: publisher.pid };
}

async function mosquitto({ stage }: BenchRun): Promise<Brokers> {
  const directory = stage.directory();
  await mkdir(directory, { recursive: true });
  const { port } = stage.own(await MosquittoBroker.start(directory));
  return { publish: port, subscribe: port, pid: 0 };
}

/** From a client of a node to one of an outside broker, by the node's bridge. */
async function bridgeOut(run: BenchRun): Promise<Brokers> {
  const { agent, outside } = await bridged(run, { out: [{ filter: BENCH_TOPIC }] });
  return { publish: agent.mqttPort, subscribe: outside.port, pid: agent.pid };
}

/** The other way. */
async function bridgeIn(run: BenchRun): Promise<Brokers> {
  const { agent, outside } = await bridged(run, { in: [{ filter: BENCH_TOPIC }] });
  return { publish: outside.port, subscribe: agent.mqttPort, pid: agent.pid };
}

async function bridged({ stage }: BenchRun, rules: object) {
  const [directory, beside] = [stage.directory(), stage.directory()];
  await mkdir(beside, { recursive: true });
  const outside = stage.own(await MosquittoBroker.start(beside));
  await makeRealm([directory]);
  const bridges = JSON.stringify([{ name: 'bench', url: `mqtt://127.0.0.1:${outside.port}`, ...rules }]);
  const agent = stage.agent({ directory, peers: [], mqtt: '127.0.0.1:0', bridges });
  await agent.ready();
  await untilAgent(directory, async (client) => {
    const [bridge] = await client.bridges();
    return bridge?.role === 'carrier' && bridge.session?.connected !== false;
  });
  return { agent, outside };
}

async function untilAgent(directory: string, isSo: (agent: AgentClient) => Promise<boolean>): Promise<void> {
  const client = connectAgent({ directory });
  const endMs = performance.now() + CONNECT_MS_MAX;
  while (!(await isSo(client))) {
    if (performance.now() > endMs) throw new Error('The nodes did not meet each other, or the broker.');
    await sleep(LOOK_MS);
  }
  await client.close();
}
