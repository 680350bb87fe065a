import type { PortStatus } from '../../firmware-bridge/host/index.ts';
import { isSedgeError, type Log, SedgeError } from '../../src/errors/index.ts';
import type { Alert, AlertReport, AlertTest } from './alert.ts';
import type { AlertRule } from './alert-rule.ts';
import { AlertVoice } from './alert-voice.ts';
import { type KeptAlerts, readAlertsFile, writeAlertsFile } from './alerts-file.ts';
import type { AlertsMesh } from './alerts-mesh.ts';
import { type AlertsEffect, type AlertsEvent, AlertsState } from './alerts-state.ts';
import { Observer } from './observer.ts';
import { OtherAlerts } from './other-alerts.ts';
import { revokedNodes } from './revoked-nodes.ts';
import { TopicReader } from './topic-reader.ts';
import type { WebhookOptions } from './webhook/webhook-options.ts';
import { Webhooks } from './webhook/webhooks.ts';

/** What the alerts of a node are. */
export interface AlertsOptions {
  /** The node's directory. */
  readonly directory: string;
  readonly rules: readonly AlertRule[];
  readonly webhooks: readonly WebhookOptions[];
  readonly version: string;
}

/** What {@link AlertsService} works with. */
export interface AlertsDependencies {
  readonly mesh: AlertsMesh;
  /** Serial ports; `null` where there are none to watch. */
  readonly ports: (() => Promise<readonly PortStatus[]>) | null;
  readonly log: Log;
  /** The wall clock. */
  readonly nowMs: () => number;
  /** A clock that never goes back. */
  readonly steadyMs: () => number;
  readonly random: () => number;
}

/** A person's word that an alert was seen. */
export interface Acknowledgement {
  readonly id: string;
  readonly by: string;
  readonly note: string;
}

/** What happens other than at a look. */
type SpokenEvent =
  | Omit<Extract<AlertsEvent, { kind: 'rules' }>, 'nowMs' | 'atMs'>
  | Omit<Extract<AlertsEvent, { kind: 'acknowledge' }>, 'nowMs' | 'atMs'>
  | { readonly kind: 'test' };

/** What became of changes that were saved. */
interface Told {
  /** Whether all is on `$alerts`. */
  readonly published: Promise<boolean>;
  /** Of a test: how the webhooks took it. */
  readonly taken: Promise<AlertTest['webhooks']>;
}

/** A look at many peers and logs costs milliseconds. */
const LOOK_MS_MAX = 15_000;
const LOOK_MS_LEAST = 250;
/** After a message of a rule, so soon. */
const LOOK_SOON_MS = 100;

/** Watches the node by its rules, and tells what it finds: to the mesh, to webhooks and to whoever asks. */
export class AlertsService {
  readonly #options: AlertsOptions;
  readonly #deps: AlertsDependencies;
  readonly #voice: AlertVoice;
  readonly #others: OtherAlerts;
  readonly #reader: TopicReader;
  readonly #revisions = new Map<string, number>();
  #state = new AlertsState();
  #observer: Observer | null = null;
  #webhooks: Webhooks | null = null;
  #revision = 0;
  #damagedFile: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** One thing after the other: looks, acknowledgements and writes. */
  #work: Promise<unknown> = Promise.resolve();
  #speaking: Promise<unknown> = Promise.resolve();
  #unsaved = false;
  #soon = false;
  #stopped = false;

  constructor(options: AlertsOptions, deps: AlertsDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#voice = new AlertVoice(deps.mesh, deps.log);
    this.#others = new OtherAlerts(deps.mesh.node);
    this.#reader = new TopicReader(deps.mesh, deps.log);
  }

  /** Takes up what was known before, and begins to look. Throws what the disk throws. */
  async start(): Promise<void> {
    const { directory, rules } = this.#options;
    const { nowMs, steadyMs, log, mesh, ports } = this.#deps;
    const { kept, damagedFile } = await readAlertsFile(directory, nowMs());
    this.#damagedFile = damagedFile;
    if (damagedFile !== null)
      log.warn({ file: damagedFile }, 'the file of alerts could not be read and was moved aside');
    this.#takeUp(kept);
    this.#observer = new Observer(
      rules,
      { nowMs: steadyMs(), peers: kept.peers },
      { mesh, directory, ports },
    );
    for (const rule of rules) if (rule.topic !== null) this.#follow(rule, rule.topic);
    this.#reader.read('$alerts/#', 'last', (message) => this.#others.hear(message));
    // What was told just before the end may not have got out; twice is prevented by its number.
    void this.#inTurn(async () => {
      void this.#speak(
        this.#state.kept.map((alert) => ({ alert, revision: this.#revisions.get(alert.id)! })),
      );
      await this.#handle({ kind: 'rules', names: [...rules.map(({ name }) => name), 'test'] });
    });
    this.#webhooks?.wake();
    this.#arm(LOOK_MS_LEAST);
  }

  /** Ends looking, and keeps what is to be told. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#reader.close();
    await this.#webhooks?.stop();
    await this.#work;
    await this.#speaking;
    if (this.#unsaved) await this.#save();
  }

  /** How many there are. */
  counts(): AlertReport['counts'] {
    const { alerts } = this.#state;
    const firing = alerts.filter(({ state }) => state === 'firing');
    return {
      firing: firing.length,
      unacknowledged: firing.filter(({ acknowledged }) => acknowledged === null).length,
      pending: alerts.filter(({ state }) => state === 'pending').length,
    };
  }

  /** All that is known, for people. */
  report(): AlertReport {
    const { mesh } = this.#deps;
    const { alerts } = this.#state;
    return {
      node: mesh.node,
      name: mesh.name,
      alerts,
      others: this.#others.alerts(revokedNodes(mesh)),
      counts: this.counts(),
      rules: this.#options.rules.map(({ name, watch, severity }) => ({ rule: name, watch, severity })),
      webhooks: this.#webhooks?.status() ?? [],
      damagedFile: this.#damagedFile,
    };
  }

  /** Notes that somebody saw an alert; resolves when that is on disk. Throws `alert.unknown` and `alert.not-firing`. */
  acknowledge({ id, by, note }: Acknowledgement): Promise<Alert> {
    return this.#inTurn(async () => {
      const before = this.#state.find(id);
      if (before === null) throw new SedgeError('alert.unknown', { alert: id.slice(0, 64) });
      if (before.state !== 'firing')
        throw new SedgeError('alert.not-firing', { alert: id, state: before.state });
      await this.#handle({ kind: 'acknowledge', id, acknowledged: { by, note, atMs: this.#deps.nowMs() } });
      return this.#state.find(id)!;
    });
  }

  /** Sends a test alert all the ways of a real one; resolves with how far it got. */
  async test(): Promise<AlertTest> {
    const { published, taken, alert } = await this.#inTurn(async () => {
      const told = await this.#handle({ kind: 'test' });
      return { ...told, alert: this.#state.find('test')! };
    });
    return { alert, published: await published, webhooks: await taken };
  }

  #takeUp(kept: KeptAlerts): void {
    const { webhooks, version } = this.#options;
    this.#revision = kept.revision;
    for (const { id, revision } of kept.alerts) this.#revisions.set(id, revision);
    this.#state = new AlertsState(
      kept.alerts.map(({ revision: _, ...alert }) => alert),
      this.#deps.steadyMs(),
    );
    const onChange = () => void this.#inTurn(() => this.#save());
    this.#webhooks = new Webhooks(webhooks, kept.webhooks, { ...this.#deps, version, onChange });
  }

  #arm(delayMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#soon = false;
      void this.#inTurn(() => this.#look()).finally(() => this.#arm(this.#lookMs()));
    }, delayMs);
  }

  /** Not put off by the next message: a busy topic would never be looked at. */
  #lookSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#arm(LOOK_SOON_MS);
  }

  /** Often enough for the shortest wait of a rule. */
  #lookMs(): number {
    const waits = this.#options.rules.flatMap(({ forMs, clearForMs }) =>
      [forMs, clearForMs].filter((ms) => ms > 0),
    );
    return Math.max(LOOK_MS_LEAST, Math.min(LOOK_MS_MAX, Math.min(...waits) / 2));
  }

  async #look(): Promise<void> {
    const { nowMs, steadyMs, log } = this.#deps;
    const time = { nowMs: steadyMs(), atMs: nowMs() };
    const effects: AlertsEffect[] = [];
    await this.#observer!.look(this.#options.rules, time, {
      take: (rule, look) => {
        const event: AlertsEvent = { kind: 'observed', rule: asWaited(rule), ...look, ...time };
        effects.push(...this.#state.handle(event));
      },
      fail: ({ name }, error) => log.warn({ rule: name, reason: String(error) }, 'a look for alerts failed'),
    });
    await this.#tell(effects);
    if (this.#observer!.takePeersChanged()) await this.#save();
  }

  /** Takes an event in that did not come from a look; resolves once it is saved. */
  #handle(event: SpokenEvent): Promise<Told> {
    const times = { nowMs: this.#deps.steadyMs(), atMs: this.#deps.nowMs() };
    return this.#tell(this.#state.handle({ ...event, ...times }));
  }

  /** To disk first, then to the mesh and out: what was told once must be known after a crash. */
  async #tell(effects: readonly AlertsEffect[]): Promise<Told> {
    if (effects.length === 0) return { published: Promise.resolve(true), taken: Promise.resolve([]) };
    const webhooks = this.#webhooks!;
    const numbered = effects.map(({ kind, alert }) => {
      const revision = ++this.#revision;
      this.#revisions.set(alert.id, revision);
      this.#note(kind, alert);
      return { alert, revision, delivery: webhooks.add(kind, alert, revision) };
    });
    await this.#save();
    // A test fires and ends; that the first of both gets there is enough.
    const [first] = numbered;
    const isTest = first?.alert.watch === 'test';
    const taken = isTest ? webhooks.outcomes(first.delivery) : Promise.resolve([]);
    webhooks.wake();
    return { published: this.#speak(numbered), taken };
  }

  #note(kind: AlertsEffect['kind'], { id, severity, subject }: Alert): void {
    const facts = { alert: id, severity, subject };
    if (kind === 'fired') this.#deps.log.warn(facts, 'an alert fires');
    else if (kind === 'ended') this.#deps.log.info(facts, 'an alert ended');
    else this.#deps.log.info(facts, 'an alert was acknowledged');
  }

  /** In order, and apart from the looks: a disk that commits once a minute must not hold them up. */
  #speak(told: readonly { readonly alert: Alert; readonly revision: number }[]): Promise<boolean> {
    const speaking = this.#speaking.then(async () => {
      let published = true;
      for (const { alert, revision } of told)
        published = (await this.#voice.say(alert, revision)) && published;
      return published;
    });
    this.#speaking = speaking;
    return speaking;
  }

  /** A disk that takes nothing costs what a restart would have known, and nothing else. */
  async #save(): Promise<void> {
    const alerts = this.#state.kept.map((alert) => ({
      ...alert,
      revision: this.#revisions.get(alert.id) ?? 0,
    }));
    const webhooks = this.#webhooks!.waiting;
    this.#unsaved = true;
    try {
      const peers = this.#observer?.knownPeers ?? [];
      await writeAlertsFile(this.#options.directory, { revision: this.#revision, alerts, peers, webhooks });
      this.#unsaved = false;
    } catch (error) {
      this.#deps.log.error({ reason: String(error) }, 'the alerts could not be written down');
    }
  }

  #follow(rule: AlertRule, topic: string): void {
    const watch = this.#observer!.topicWatch(rule.name)!;
    this.#reader.read(topic, 'new', (message) => {
      watch.hear(message, this.#deps.steadyMs());
      if (rule.watch === 'value') this.#lookSoon();
    });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.then(task);
    this.#work = done.catch((error: unknown) => {
      if (!isSedgeError(error)) this.#deps.log.error({ reason: String(error) }, 'the alerts failed');
    });
    return done;
  }
}

/** What a watch has waited for itself, or judged itself, is not done again. */
function asWaited(rule: AlertRule): AlertRule {
  if (rule.watch === 'topic-silent') return { ...rule, forMs: 0 };
  return rule.growing ? { ...rule, limit: null } : rule;
}
