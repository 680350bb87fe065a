import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MqttGateway, type MqttOptions } from '../../../../node/gateways/mqtt/index.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import type { CrashOptions } from '../../../../src/journal/index.ts';
import { MeshWorld, type WorldNode } from '../../mesh/mesh-world.ts';
import { MqttClient } from './mqtt-client.ts';

/** A node of a realm in memory with an MQTT gateway on a free port. */
export class MqttNode {
  readonly node: WorldNode;
  #directory: string;
  readonly #left: string[] = [];
  readonly #options: Partial<MqttOptions>;
  readonly #clients: MqttClient[] = [];
  gateway: MqttGateway;
  readonly #startedAtMs = Date.now();
  #passedMs = 0;

  private constructor(node: WorldNode, directory: string, options: Partial<MqttOptions>) {
    this.node = node;
    this.#directory = directory;
    this.#options = options;
    this.gateway = this.#make();
  }

  static async start(node: WorldNode, options: Partial<MqttOptions> = {}): Promise<MqttNode> {
    const made = new MqttNode(node, await mkdtemp(join(tmpdir(), 'sedge-mqtt-')), options);
    await made.gateway.start();
    return made;
  }

  /** Where the gateway keeps what it keeps. */
  get directory(): string {
    return this.#directory;
  }

  get port(): number {
    return Number(this.gateway.addresses()[0]!.split(':').at(-1));
  }

  count(name: keyof ReturnType<MqttGateway['status']>['counters']): number {
    return this.gateway.status().counters[name];
  }

  /** Time passes for the gateway, which stands still otherwise. */
  pass(ms: number): void {
    this.#passedMs += ms;
    this.gateway.look();
  }

  /** A connection on which nothing was sent yet. */
  async open(): Promise<MqttClient> {
    const client = await MqttClient.open(this.port);
    this.#clients.push(client);
    return client;
  }

  /** A client that is connected. */
  async connect(...connect: Parameters<MqttClient['connect']>): Promise<MqttClient> {
    const client = await this.open();
    await client.connect(...connect);
    return client;
  }

  /** The process is gone and starts again: nothing was stopped in order. */
  async crash({ keepUnsynced = 'none' }: Partial<CrashOptions> = {}): Promise<void> {
    const dead = this.gateway;
    // What the dead process would still write, as it does live on here, goes where nobody looks.
    const directory = await mkdtemp(join(tmpdir(), 'sedge-mqtt-'));
    await cp(this.#directory, directory, { recursive: true });
    await this.node.crash({ keepUnsynced });
    this.#left.push(this.#directory);
    this.#directory = directory;
    this.#drop();
    await dead.stop();
    await this.node.revive();
    this.gateway = this.#make();
    await this.gateway.start();
  }

  async restart(): Promise<void> {
    await this.gateway.stop();
    await this.node.restart();
    this.gateway = this.#make();
    await this.gateway.start();
  }

  async stop(): Promise<void> {
    this.#drop();
    await this.gateway.stop();
    const directories = [this.#directory, ...this.#left];
    await Promise.all(directories.map((one) => rm(one, { recursive: true, force: true })));
  }

  #drop(): void {
    for (const client of this.#clients.splice(0)) client.drop();
  }

  #make(): MqttGateway {
    const { mesh } = this.node;
    return new MqttGateway(
      { listeners: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }], ...this.#options },
      { mesh, directory: this.#directory, log: silentLog, nowMs: () => this.#startedAtMs + this.#passedMs },
    );
  }
}

/** So many nodes in a line, each with a gateway. */
export class MqttWorld {
  readonly world = new MeshWorld();
  readonly nodes: MqttNode[] = [];

  static async start(names: readonly string[], options: Partial<MqttOptions> = {}): Promise<MqttWorld> {
    const made = new MqttWorld();
    for (const node of await made.world.line(names)) made.nodes.push(await MqttNode.start(node, options));
    return made;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.world.stop();
  }
}
