import type { BenchChild } from '../bench-child.ts';
import type { BenchRun, Workload } from '../bench-run.ts';
import type { DeliveryReport } from '../delivery-ledger.ts';
import { hasMosquitto, MosquittoPair } from '../mosquitto.ts';
import { cpuSeconds, residentBytes } from '../process-figures.ts';
import { type Figures, type MqttVariant, summarise } from '../workload.ts';
import { BROKERS, type BrokerName, type Brokers, NEED_MOSQUITTO } from './mqtt-brokers.ts';

const PAYLOAD_BYTES = 64;
const LATENCY_MESSAGES_PER_SECOND = 500;
const CROWD = 1_000;
const CROWD_SECONDS = 20;
const RECEIVE_MS_MAX = 60_000;
const SETTLE_MS = 200;

const SIZES = { warmUp: 10_000, throughput: 60_000, latency: 2_000 };

/** What is measured, in turns: whatever disturbs the machine disturbs all. */
const VARIANTS: readonly { readonly name: MqttVariant; readonly broker: BrokerName; readonly play: Play }[] =
  [
    { name: 'mosquitto-js', broker: 'mosquitto', play: playMqttJs },
    { name: 'one-node-js', broker: 'one-node', play: playMqttJs },
    { name: 'two-nodes-js', broker: 'two-nodes', play: playMqttJs },
    { name: 'mosquitto-c', broker: 'mosquitto', play: playC },
    { name: 'one-node-c', broker: 'one-node', play: playC },
    { name: 'two-nodes-c', broker: 'two-nodes', play: playC },
    { name: 'one-node-1000', broker: 'one-node', play: playCrowd },
    { name: 'bridge-out', broker: 'bridge-out', play: playMqttJs },
    { name: 'bridge-in', broker: 'bridge-in', play: playMqttJs },
  ];
type Play = (run: BenchRun, brokers: Brokers) => Promise<Figures>;

/**
 * mqtt: clients of MQTT at one node and from node to node, QoS 1, acknowledged `durable`, beside Mosquitto in the same
 * run, which keeps nothing; a thousand clients with a message a second each; and a bridge to Mosquitto, each way.
 */
export const measureMqtt: Workload = async (run) => {
  const asked = VARIANTS.filter(
    ({ name }) => run.variants === null || run.variants.has('agent') || run.variants.has(name),
  );
  const variants = asked.filter(
    ({ name, broker }) =>
      (!NEED_MOSQUITTO.has(broker) || hasMosquitto('mosquitto')) &&
      (!name.endsWith('-c') || hasMosquitto('mosquitto_sub')),
  );
  if (variants.length < asked.length)
    console.error('Left out for want of Mosquitto (sudo apt-get install mosquitto mosquitto-clients).');
  const figures = new Map(variants.map(({ name }) => [name, [] as Figures[]]));
  for (let round = 1; round <= run.runs; round++) {
    for (const { name, broker, play } of variants) {
      run.progress(`mqtt ${name}, run ${round} of ${run.runs}`);
      figures.get(name)!.push(await play(run, await BROKERS[broker](run)));
      await run.stage.clear();
    }
  }
  return variants.map(({ name }) =>
    summarise({ workload: 'mqtt', variant: name }, figures.get(name)!, 'messagesPerSecond'),
  );
};

async function playMqttJs(run: BenchRun, brokers: Brokers): Promise<Figures> {
  const pair = await openPair(run, brokers, 1);
  const part = run.isQuick ? 0.1 : 1;
  await onePhase(pair, { phase: 0, count: SIZES.warmUp * part });
  const usedBefore = await cpuSeconds(brokers.pid);
  const fast = await onePhase(pair, { phase: 1, count: SIZES.throughput * part });
  const cpuSecondsNear = (await cpuSeconds(brokers.pid)) - usedBefore;
  const messagesPerSecond = LATENCY_MESSAGES_PER_SECOND;
  const steady = await onePhase(pair, { phase: 2, count: SIZES.latency * part, messagesPerSecond });
  return {
    ...rateOf(fast),
    ...latencyOf(steady),
    ...(brokers.pid === 0 ? {} : { cpuSecondsNear, residentMB: (await residentBytes(brokers.pid)) / 1e6 }),
    lost: fast.lost + steady.lost,
    duplicated: fast.duplicated + steady.duplicated,
    outOfOrder: fast.outOfOrder + steady.outOfOrder,
  };
}

async function playC(run: BenchRun, brokers: Brokers): Promise<Figures> {
  const pair = run.stage.own(new MosquittoPair(brokers));
  const part = run.isQuick ? 0.1 : 1;
  await pair.connect();
  await pair.play(SIZES.warmUp * part);
  return rateOf(await pair.play(SIZES.throughput * part));
}

async function playCrowd(run: BenchRun, brokers: Brokers): Promise<Figures> {
  const pair = await openPair(run, brokers, run.isQuick ? CROWD / 10 : CROWD);
  const messagesPerSecond = run.isQuick ? CROWD / 10 : CROWD;
  const seconds = run.isQuick ? CROWD_SECONDS / 10 : CROWD_SECONDS;
  await onePhase(pair, { phase: 0, count: messagesPerSecond, messagesPerSecond });
  const [usedBefore, startedAtMs] = [await cpuSeconds(brokers.pid), performance.now()];
  const steady = await onePhase(pair, { phase: 1, count: messagesPerSecond * seconds, messagesPerSecond });
  const used = (await cpuSeconds(brokers.pid)) - usedBefore;
  return {
    ...rateOf(steady),
    ...latencyOf(steady),
    coreShare: (used * 1_000) / (performance.now() - startedAtMs),
    residentMB: (await residentBytes(brokers.pid)) / 1e6,
    outOfOrder: 0,
  };
}

interface Pair {
  readonly publisher: BenchChild;
  readonly subscriber: BenchChild;
}

type PhaseReport = DeliveryReport & { readonly firstMs: number };

async function openPair({ stage }: BenchRun, brokers: Brokers, clients: number): Promise<Pair> {
  const [publisher, subscriber] = [stage.child(), stage.child()];
  const open = { kind: 'mqtt', directory: '', peers: [] } as const;
  await publisher.ask('open', { ...open, broker: { port: brokers.publish, clients } });
  await subscriber.ask('open', { ...open, broker: { port: brokers.subscribe, clients: 1 } });
  await subscriber.ask('subscribe', {});
  return { publisher, subscriber };
}

async function onePhase(
  { publisher, subscriber }: Pair,
  phase: { readonly phase: number; readonly count: number; readonly messagesPerSecond?: number },
): Promise<PhaseReport> {
  await subscriber.ask('expect', { phase: phase.phase, count: phase.count });
  const published = await publisher.ask('publish', { ...phase, payloadBytes: PAYLOAD_BYTES, ack: 'durable' });
  const received = await subscriber.ask('receive', {
    phase: phase.phase,
    timeoutMs: RECEIVE_MS_MAX,
    settleMs: SETTLE_MS,
  });
  return { ...received, firstMs: published.firstMs };
}

function rateOf({
  expected,
  delivered,
  lost,
  duplicated,
  outOfOrder,
  firstMs,
  lastMs,
}: PhaseReport): Figures {
  return {
    messages: expected,
    payloadBytes: PAYLOAD_BYTES,
    messagesPerSecond: (delivered * 1_000) / (lastMs - firstMs),
    seconds: (lastMs - firstMs) / 1_000,
    lost,
    duplicated,
    outOfOrder,
  };
}

function latencyOf({ p50Ms, p99Ms }: PhaseReport): Figures {
  return { ...(p50Ms === null ? {} : { p50Ms }), ...(p99Ms === null ? {} : { p99Ms }) };
}
