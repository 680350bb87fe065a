import { setTimeout as sleep } from 'node:timers/promises';
import type { MqttClient } from 'mqtt';
import type { DemoView } from '../demo-view.ts';
import { FlowLedger, MQTT_NODES, type MqttNode } from './flow-ledger.ts';
import { MqttClients } from './mqtt-clients.ts';
import { MqttScene } from './mqtt-scene.ts';
import { isMqttPerfect, type MqttSummary } from './mqtt-summary.ts';
import type { MqttPicture } from './mqtt-view.ts';

/** How to run the MQTT demo. */
export interface MqttDemoOptions {
  /** Messages in all, a third of them at each node. */
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** Keeps the directories. */
  readonly keep: boolean;
  readonly view: DemoView<MqttPicture>;
  /** Ends it early; everything is removed all the same. */
  readonly signal: AbortSignal;
}

/** After this a run has failed, whatever is missing. A machine with other work takes several times as long as an idle one. */
const RUN_MS_MAX = 180_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 500;
const LOOK_MS = 50;
const DOWN_MS = 1_500;
const CUT_MS = 2_000;
/** Parts of all messages that are sent when the accidents happen. */
const KILL_AT = 0.2;
const CUT_AT = 0.6;
/** One message in so many is a retained value, of one of so many topics a node. */
const RETAIN_EVERY = 5;
const RETAINED_TOPICS = 8;
/** A new client is given so long to get all retained values. */
const RETAINED_MS_MAX = 30_000;

/**
 * MQTT clients at three nodes, each publishing to all: one node is killed and started again, another one is cut off.
 * Each message must reach each subscriber once and in order, and each node must know the last values.
 */
export async function runMqttDemo(options: MqttDemoOptions): Promise<MqttSummary> {
  const clients = await MqttClients.load();
  const scene = await MqttScene.make(options.signal);
  try {
    return await new MqttDemoRun({ options, clients, scene }).play();
  } finally {
    clients.close();
    await scene.close({ keep: options.keep });
  }
}

/** One run, from an empty directory to its summary. */
class MqttDemoRun {
  readonly #options: MqttDemoOptions;
  readonly #clients: MqttClients;
  readonly #scene: MqttScene;
  readonly #ledger = new FlowLedger();
  /** Last value of each retained topic. */
  readonly #last = new Map<string, string>();
  readonly #startedAtMs = performance.now();
  readonly #problems: string[] = [];
  #afterDeathMs: number | null = null;

  constructor(parts: {
    readonly options: MqttDemoOptions;
    readonly clients: MqttClients;
    readonly scene: MqttScene;
  }) {
    this.#options = parts.options;
    this.#clients = parts.clients;
    this.#scene = parts.scene;
  }

  async play(): Promise<MqttSummary> {
    const { messages } = this.#options;
    this.#tell('making a realm of three nodes, each an MQTT broker');
    await this.#scene.start();
    for (const node of MQTT_NODES) await this.#subscribe(node);
    this.#tell('an MQTT client at each node is subscribed to all; another one at each publishes');
    const publishing = this.#publish();
    // Seen where it is awaited below; until then a failure shall not count as unhandled.
    publishing.catch(() => {});
    await this.#watch(() => this.#ledger.sent >= KILL_AT * messages);
    await this.#during(this.#killA());
    await this.#watch(() => this.#ledger.sent >= CUT_AT * messages);
    await this.#during(this.#cut());
    await publishing;
    this.#tell('all messages are sent');
    await this.#watch(() => this.#ledger.isComplete);
    await sleep(SETTLE_MS, undefined, { signal: this.#options.signal });
    return this.#summary(await this.#countWrongRetained());
  }

  async #subscribe(node: MqttNode): Promise<void> {
    const client = await this.#clients.connect({
      port: this.#scene.portOf(node),
      clientId: `subscriber-${node}`,
      keep: true,
      onMessage: (topic, payload) =>
        this.#ledger.arrive(node, topic.split('/')[1] as MqttNode, Number(payload)),
      onConnected: () => this.#ledger.connected(node),
    });
    await client.subscribeAsync('house/#', { qos: 2 });
  }

  /** Feeds at the pace that is asked for; what the client's broker does not take, the client holds. */
  async #publish(): Promise<void> {
    const { messages, messagesPerSecond, signal } = this.#options;
    const publishers = await Promise.all(
      MQTT_NODES.map((node) => {
        const port = this.#scene.portOf(node);
        return this.#clients.connect({ port, clientId: `publisher-${node}`, keep: true });
      }),
    );
    const startedAtMs = performance.now();
    for (let index = 0; index < messages; index++) {
      const waitMs = startedAtMs + (index * 1_000) / messagesPerSecond - performance.now();
      if (waitMs > 1) await sleep(waitMs, undefined, { signal });
      const at = index % MQTT_NODES.length;
      this.#publishOne(MQTT_NODES[at]!, publishers[at]!);
    }
  }

  #publishOne(node: MqttNode, client: MqttClient): void {
    const number = this.#ledger.send(node);
    const payload = String(number);
    const retain = number % RETAIN_EVERY === 0;
    const topic = retain
      ? `house/${node}/state/${(number / RETAIN_EVERY) % RETAINED_TOPICS}`
      : `house/${node}/readings`;
    if (retain) this.#last.set(topic, payload);
    // One flow a client: MQTT keeps the order of messages of the same QoS alone.
    client.publish(topic, payload, { qos: node === 'B' ? 2 : 1, retain }, (error) => {
      if (!error) this.#ledger.acknowledge();
    });
  }

  async #killA(): Promise<void> {
    const known = [...this.#last.keys()].filter((topic) => topic.startsWith('house/A/'));
    this.#ledger.killed('A');
    await this.#scene.killA();
    const diedAtMs = performance.now();
    this.#tell('A is killed with -9');
    const got = await this.#retainedAt('C', 'house/A/state/+', known.length);
    if (known.every((topic) => got.has(topic))) {
      this.#afterDeathMs = Math.round(performance.now() - diedAtMs);
      this.#tell('a new client at C has the retained values of A');
    } else this.#problems.push(`C served ${got.size} of ${known.length} retained values of A`);
    await sleep(DOWN_MS, undefined, { signal: this.#options.signal });
    await this.#scene.startA();
    this.#tell('A is back');
  }

  async #cut(): Promise<void> {
    await this.#scene.cutLink();
    this.#tell('C is cut off; its clients go on');
    await sleep(CUT_MS, undefined, { signal: this.#options.signal });
    await this.#scene.healLink();
    this.#tell('C is connected again');
  }

  /** What a client that never was there gets at once: `count` values, or those that came in time. */
  async #retainedAt(node: MqttNode, filter: string, count: number): Promise<Map<string, string>> {
    const got = new Map<string, string>();
    const client = await this.#clients.connect({
      port: this.#scene.portOf(node),
      clientId: `late-${node}-${performance.now()}`,
      keep: false,
      onMessage: (topic, payload, retained) => {
        if (retained) got.set(topic, payload);
      },
    });
    await client.subscribeAsync(filter, { qos: 1 });
    await this.#watch(() => got.size >= count, RETAINED_MS_MAX);
    await this.#clients.end(client);
    return got;
  }

  async #countWrongRetained(): Promise<number> {
    let wrong = 0;
    for (const node of MQTT_NODES) {
      const got = await this.#retainedAt(node, 'house/+/state/+', this.#last.size);
      for (const [topic, value] of this.#last) if (got.get(topic) !== value) wrong++;
    }
    return wrong;
  }

  #summary(retainedWrong: number): MqttSummary {
    const { keep } = this.#options;
    const summary = {
      ...this.#ledger.findings(),
      retained: this.#last.size,
      retainedWrong,
      retainedAfterDeathMs: this.#afterDeathMs,
      killed: 1,
      cuts: 1,
      seconds: Math.round(this.#runMs / 100) / 10,
      problems: this.#problems,
      ...(keep ? { directory: this.#scene.root } : {}),
    };
    return { perfect: isMqttPerfect(summary), ...summary };
  }

  get #runMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Shows how things stand while something happens. */
  async #during(happening: Promise<void>): Promise<void> {
    let isOver = false;
    const over = happening.finally(() => {
      isOver = true;
    });
    await Promise.all([over, this.#watch(() => isOver)]);
  }

  /** Shows how things stand until `isOver`, or until that or the whole run took too long. */
  async #watch(isOver: () => boolean, patienceMs = RUN_MS_MAX): Promise<void> {
    const endMs = Math.min(RUN_MS_MAX, this.#runMs + patienceMs);
    while (!isOver() && this.#runMs < endMs) {
      this.#show();
      await sleep(LOOK_MS, undefined, { signal: this.#options.signal });
    }
  }

  #show(): void {
    const scene = this.#scene;
    this.#options.view.picture({
      what: 'deliveries',
      readings: this.#options.messages * MQTT_NODES.length,
      arrived: this.#ledger.received,
      seconds: this.#runMs / 1_000,
      sent: this.#ledger.sent,
      running: { A: scene.isRunning('A'), B: scene.isRunning('B'), C: scene.isRunning('C') },
      isLinkUp: scene.isLinkUp,
    });
  }

  #tell(event: string): void {
    this.#options.view.event(event, this.#runMs / 1_000);
  }
}
