import type { DeliveredMessage, Log, Subscription } from '../../../src/index.ts';
import { type BridgeCounters, newBridgeCounters } from './bridge-counters.ts';
import { BRIDGE_ID_HEADER, cameBy } from './bridge-mark.ts';
import type { BridgeMesh } from './bridge-mesh.ts';
import { BRIDGES_LEVEL, type BridgeOptions } from './bridge-options.ts';
import { progressToJson, readAnnouncement, readProgress } from './bridge-talk.ts';
import { BrokerLink, type BrokerLinkStatus } from './broker-link.ts';
import { contentHash } from './content-hash.ts';
import { type Announcement, ElectionState } from './election-state.ts';
import { IN_WINDOW, InLane } from './in-lane.ts';
import type { LoopWatchState } from './loop-watch-state.ts';
import { OutLane } from './out-lane.ts';
import { ProgressState } from './progress-state.ts';
import { RedeliveryState } from './redelivery-state.ts';
import { imageOf } from './topic-rule.ts';

/** How the nodes with a bridge agree; tests are quicker. */
export interface BridgeTiming {
  /** How often a node says that it goes on, milliseconds. @defaultValue 5,000 */
  readonly announceMs: number;
  /** How long it counts without that, milliseconds. @defaultValue 16,000 */
  readonly leaseMs: number;
  /** How long nobody is elected after a start, milliseconds. @defaultValue 3,000 */
  readonly settleMs: number;
}

/** What an {@link MqttBridge} works with. */
export interface MqttBridgeDependencies {
  readonly mesh: BridgeMesh;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** Of this life of the process. */
  readonly run: string;
  readonly loops: LoopWatchState;
}

/** What is known of a bridge. */
export interface BridgeStatus {
  readonly name: string;
  readonly url: string;
  readonly role: 'carrier' | 'standby' | 'no-link';
  /** Node that carries, as far as is known here. */
  readonly carrier: string | null;
  readonly link: BrokerLinkStatus;
  /** The session that messages come in by; `null` where it is not this node's to have. */
  readonly session: BrokerLinkStatus | null;
  /** Held here, not answered for by the broker; more may wait in the journal. */
  readonly waiting: number;
  readonly counters: Readonly<BridgeCounters>;
  readonly alarms: readonly string[];
}

const DEFAULT_TIMING: BridgeTiming = Object.freeze({ announceMs: 5_000, leaseMs: 16_000, settleMs: 3_000 });
const CARRIERS_MAX = 256;
const TICK_MS_MAX = 1_000;
const LOGS_TOLD_MAX = 256;
/** What the others said, and what came in, so long before the start is looked at, milliseconds. */
const LOOK_BACK_MS = 600_000;
/** How long the broker keeps what comes while nobody is there. */
const SESSION_SECONDS = 7 * 86_400;
/** How long messages on their way out may take when the bridge stops, milliseconds. */
const PARTING_MS = 2_000;

/** One bridge of this node to an outside broker. */
export class MqttBridge {
  readonly #bridge: BridgeOptions;
  readonly #deps: MqttBridgeDependencies;
  readonly #timing: BridgeTiming;
  readonly #counters = newBridgeCounters();
  readonly #election: ElectionState;
  readonly #progress = new ProgressState();
  readonly #redelivery = new RedeliveryState();
  readonly #out: OutLane;
  readonly #in: InLane;
  readonly #link: BrokerLink;
  readonly #session: BrokerLink;
  readonly #subscriptions: Subscription[] = [];
  readonly #readers: Promise<void>[] = [];
  /** What ended and does not begin again before a restart. */
  readonly #troubles: string[] = [];
  #timer: NodeJS.Timeout | null = null;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #announcedAtMs = Number.NEGATIVE_INFINITY;
  #announced = '';
  #n = 0;
  #carrying = false;
  /** Others that said last that they carry. */
  readonly #carriers = new Set<string>();
  #changing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(bridge: BridgeOptions, deps: MqttBridgeDependencies, timing: BridgeTiming = DEFAULT_TIMING) {
    this.#bridge = bridge;
    this.#deps = deps;
    this.#timing = timing;
    const { mesh, nowMs, log } = deps;
    const { realm } = mesh.status();
    this.#election = new ElectionState({ self: mesh.node, ...timing }, nowMs());
    const parts = { bridge, realm, mesh, counters: this.#counters, log, nowMs };
    const onTrouble = (text: string) => this.#troubles.push(text.slice(0, 200));
    this.#out = new OutLane({
      onTrouble,
      ...parts,
      progress: this.#progress,
      onForward: (message) => this.#onForward(message),
    });
    this.#in = new InLane({
      ...parts,
      redelivery: this.#redelivery,
      onTaken: (topic, payload) => this.#onTaken(topic, payload),
      onLoop: (topic) => this.#onLoop(topic),
    });
    const clientId = bridge.clientId ?? `sedge-${realm.slice(0, 12)}-${bridge.name}`;
    this.#link = this.#makeLink(`${clientId}-${mesh.node.slice(-12)}`);
    this.#session = this.#makeSession(clientId);
  }

  /** Begins; a broker that cannot be reached is tried for ever. */
  async start(): Promise<void> {
    const { name } = this.#bridge;
    await this.#in.start();
    await this.#out.start();
    this.#read([`${BRIDGES_LEVEL}/${name}/#`], (message) => this.#onTalk(message));
    if (this.#bridge.in.length > 0) {
      this.#read([...new Set(this.#bridge.in.map(imageOf))], (message) => this.#onCarried(message));
    }
    this.#timer = setInterval(() => this.#tick(), Math.min(TICK_MS_MAX, this.#timing.announceMs / 2));
    this.#link.start();
  }

  /** Hands over: tells the others, and ends the connections. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#out.carry(false);
    await Promise.all([withPatience(this.#in.retire()), withPatience(this.#out.landed())]);
    await this.#changing;
    await this.#session.stop();
    await this.#link.stop();
    await this.#out.stop();
    await this.#tell(false, false);
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
    await Promise.all(this.#readers);
  }

  status(): BridgeStatus {
    const { name, url } = this.#bridge;
    const link = this.#link.status();
    return {
      name,
      url,
      role: this.#carrying ? 'carrier' : link.connected ? 'standby' : 'no-link',
      carrier: this.#election.carrier(this.#deps.nowMs()),
      link,
      session: this.#carrying && this.#bridge.in.length > 0 ? this.#session.status() : null,
      waiting: this.#out.waiting,
      counters: { ...this.#counters },
      alarms: this.#alarms(),
    };
  }

  #alarms(): string[] {
    const { loops, outRefused, inRefused } = this.#counters;
    return [
      ...(loops > 0 ? [`messages go round: ${loops} signs of a loop`] : []),
      ...(this.#in.reason === null ? [] : [this.#in.reason]),
      ...this.#sessionAlarms(),
      ...this.#troubles,
      ...(outRefused > 0 ? [`${outRefused} messages that the broker never takes did not go out`] : []),
      ...(inRefused > 0 ? [`${inRefused} messages that the mesh never takes did not come in`] : []),
    ];
  }

  #sessionAlarms(): string[] {
    const { connected, reason } = this.#session.status();
    if (!this.#carrying || this.#bridge.in.length === 0 || connected || reason === null) return [];
    return [`nothing comes in: ${reason}`];
  }

  #makeLink(clientId: string): BrokerLink {
    const { qos } = this.#bridge;
    // QoS 2 needs what the broker knows of packets on their way; QoS 1 sends them again.
    const sessionSeconds = qos === 2 ? SESSION_SECONDS : 0;
    return new BrokerLink(
      { bridge: this.#bridge, clientId, sessionSeconds, receiveMaximum: 1, fresh: true },
      {
        ...this.#deps,
        onUp: (connection) => {
          connection.listen({ onPacket: (packet) => this.#out.onPacket(packet) });
          this.#out.attach(connection);
          this.#change(() => this.#election.handle({ kind: 'link', up: true }, this.#deps.nowMs()));
        },
        onDown: () => {
          this.#out.detach();
          this.#change(() => this.#election.handle({ kind: 'link', up: false }, this.#deps.nowMs()));
        },
      },
    );
  }

  #makeSession(clientId: string): BrokerLink {
    return new BrokerLink(
      {
        bridge: this.#bridge,
        clientId,
        sessionSeconds: SESSION_SECONDS,
        receiveMaximum: IN_WINDOW,
        fresh: false,
      },
      {
        ...this.#deps,
        onUp: (connection) => {
          this.#in.attach(connection).catch((error: unknown) => connection.drop(String(error)));
        },
        onDown: (connection) => this.#in.detach(connection),
      },
    );
  }

  #tick(): void {
    this.#change(() => this.#election.decide(this.#deps.nowMs()));
    const nowMs = this.#deps.nowMs();
    if (nowMs - this.#toldAtMs < this.#timing.announceMs || !this.#election.hasCompany(nowMs)) return;
    this.#toldAtMs = nowMs;
    void this.#tellProgress();
  }

  /** Decides who carries, and follows. */
  #change(decide: () => boolean): void {
    const carrying = decide() && !this.#stopped;
    if (carrying !== this.#carrying) {
      this.#carrying = carrying;
      const { name } = this.#bridge;
      this.#deps.log.info(
        { bridge: name, carrying },
        carrying ? 'this node carries a bridge' : 'this node stands by for a bridge',
      );
      this.#out.carry(carrying);
      if (this.#bridge.in.length > 0) {
        if (carrying)
          this.#changing = this.#changing.then(() => this.#carrying && this.#session.start()).then(() => {});
        else {
          const retire = async (): Promise<void> => {
            await withPatience(this.#in.retire());
            await this.#session.stop();
          };
          this.#changing = this.#changing.then(retire);
        }
        // It left it to one that is heard: should that one end, the session is there to be had.
        if (!carrying && this.#election.linked) this.#session.hurry();
      }
    }
    if (!this.#stopped) void this.#tell(this.#election.linked, carrying);
  }

  /** Says what has changed at once, and that it goes on now and then. */
  async #tell(linked: boolean, carrying: boolean): Promise<void> {
    const { mesh, nowMs, run } = this.#deps;
    const state = `${linked} ${carrying}`;
    if (state === this.#announced && nowMs() - this.#announcedAtMs < this.#timing.announceMs) return;
    this.#announced = state;
    this.#announcedAtMs = nowMs();
    // Who parts says how far it got in the same breath: of two messages, each heard as it arrives, the later may be first.
    const logs = this.#stopped ? this.#progress.takeChanged(LOGS_TOLD_MAX) : [];
    const progress = logs.length === 0 ? {} : progressToJson(logs);
    const text = JSON.stringify({ node: mesh.node, run, n: ++this.#n, linked, carrying, ...progress });
    await this.#publish(`carriers/${mesh.node}`, text, true);
  }

  /** Nobody writes for nobody: what others are to know waits until there are some. */
  async #tellProgress(): Promise<void> {
    const changed = this.#progress.takeChanged(LOGS_TOLD_MAX);
    if (changed.length === 0) return;
    await this.#publish(`progress/${this.#deps.mesh.node}`, JSON.stringify(progressToJson(changed)), false);
  }

  async #publish(topic: string, text: string, retain: boolean): Promise<void> {
    const { mesh, log } = this.#deps;
    try {
      await mesh.publish(`${BRIDGES_LEVEL}/${this.#bridge.name}/${topic}`, text, { ack: 'accepted', retain });
    } catch (error) {
      log.warn({ bridge: this.#bridge.name, reason: String(error) }, 'a bridge could not tell how it is');
    }
  }

  #read(filters: readonly string[], take: (message: DeliveredMessage) => void): void {
    const { mesh, nowMs, log } = this.#deps;
    const from = { timeMs: Math.max(0, nowMs() - LOOK_BACK_MS) };
    const subscription = mesh.subscribe(filters, { order: 'arrival', from });
    this.#subscriptions.push(subscription);
    const read = async (): Promise<void> => {
      for await (const delivery of subscription) if (delivery.kind === 'message') take(delivery);
    };
    this.#readers.push(
      read().catch((error: unknown) => {
        if (this.#stopped) return;
        this.#troubles.push(`it hears the other nodes no more: ${String(error)}`.slice(0, 200));
        log.error({ bridge: this.#bridge.name, reason: String(error) }, 'a bridge hears the others no more');
      }),
    );
  }

  #onTalk(message: DeliveredMessage): void {
    // A node speaks for itself alone; an MQTT client speaks for none.
    if (this.#stopped || message.author === this.#deps.mesh.node || message.client !== undefined) return;
    const base = `${BRIDGES_LEVEL}/${this.#bridge.name}`;
    const isAnnouncement = message.topic === `${base}/carriers/${message.author}`;
    if (!isAnnouncement && message.topic !== `${base}/progress/${message.author}`) return;
    const progress = readProgress(message.payload);
    if (progress !== null) this.#out.onProgress(progress);
    if (isAnnouncement) {
      const announcement = readAnnouncement(message.payload, message.author);
      if (announcement === null) return;
      this.#change(() => this.#election.handle({ kind: 'announced', announcement }, this.#deps.nowMs()));
      this.#noteCarrier(announcement);
    }
  }

  /** One that carried no longer does: the session that it had is free. */
  #noteCarrier({ node, carrying }: Announcement): void {
    if (carrying) this.#carriers.add(node);
    else if (this.#carriers.delete(node)) this.#session.hurry();
    // One that is gone for ever says nothing more.
    if (this.#carriers.size > CARRIERS_MAX) this.#carriers.delete(this.#carriers.keys().next().value!);
  }

  #onCarried({ headers, author }: DeliveredMessage): void {
    const bridgeId = headers?.[BRIDGE_ID_HEADER];
    if (bridgeId === undefined || !cameBy(headers, this.#bridge.name)) return;
    if (author !== this.#deps.mesh.node && this.#redelivery.note(bridgeId, author))
      this.#counters.duplicates++;
  }

  #onForward({ topic, payload }: DeliveredMessage): void {
    this.#deps.loops.noteOut(contentHash(topic, payload), this.#deps.nowMs());
  }

  #onTaken(topic: string, payload: Uint8Array): void {
    if (this.#deps.loops.noteIn(contentHash(topic, payload), this.#deps.nowMs())) this.#onLoop(topic);
  }

  #onLoop(topic: string): void {
    this.#counters.loops++;
    if (this.#counters.loops > 1) return;
    this.#deps.log.error(
      { bridge: this.#bridge.name, topic: topic.slice(0, 200) },
      'messages go round over a bridge',
    );
  }
}

/** Waits for what only makes repeats fewer: not for ever. */
function withPatience(done: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PARTING_MS);
    void done.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
