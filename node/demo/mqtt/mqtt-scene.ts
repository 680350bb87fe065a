import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcess } from '../agent-process.ts';
import { CuttableLink } from '../cuttable-link.ts';
import { type SedgeAnswer, sedgeCommand } from '../sedge-command.ts';
import { tcpPortOf, withTcpPort } from '../tcp-port.ts';
import type { MqttNode } from './flow-ledger.ts';

/**
 * Three agents that all know each other, each an MQTT broker on a port that stays its own; C reaches the other two
 * over links that can be cut. Owns all processes and directories.
 */
export class MqttScene {
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #agents = new Map<MqttNode, AgentProcess>();
  readonly #ports = new Map<MqttNode, number>();
  readonly #links = { A: new CuttableLink(NOWHERE), B: new CuttableLink(NOWHERE) };
  #isLinkUp = false;
  #isClosed = false;

  private constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
  }

  /** Makes the directory that holds all others. */
  static async make(signal: AbortSignal): Promise<MqttScene> {
    return new MqttScene(await mkdtemp(join(tmpdir(), 'sedge-demo-')), signal);
  }

  /** Where everything lies. */
  get root(): string {
    return this.#root;
  }

  get isLinkUp(): boolean {
    return this.#isLinkUp;
  }

  isRunning(node: MqttNode): boolean {
    return this.#agents.get(node)?.isRunning ?? false;
  }

  /** Where its MQTT clients connect. */
  portOf(node: MqttNode): number {
    return this.#ports.get(node) ?? 0;
  }

  /** Makes the realm at A, has the others join, and starts all three. */
  async start(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await this.#sedge('A', 'init', 'house', '--name', 'A');
    await this.startA();
    const [invitation] = await this.#sedge('A', 'invite', '--uses', '2');
    const token = String(invitation?.token);
    await Promise.all((['B', 'C'] as const).map((node) => this.#sedge(node, 'join', token, '--name', node)));
    await this.#startAgent('B', [this.#addressOf('A')]);
    this.#links.B.lead({ host: '127.0.0.1', port: tcpPortOf(this.#addressOf('B')) });
    await this.healLink();
    const peers = (['A', 'B'] as const).map((node) =>
      withTcpPort(this.#addressOf(node), this.#links[node].port),
    );
    await this.#startAgent('C', peers);
  }

  /** Starts A, also after it was killed: on another port of the mesh, and on the same one for MQTT. */
  async startA(): Promise<void> {
    const b = this.#agents.get('B');
    await this.#startAgent('A', b === undefined ? [] : [b.address]);
    this.#links.A.lead({ host: '127.0.0.1', port: tcpPortOf(this.#addressOf('A')) });
  }

  /** kill -9. */
  async killA(): Promise<void> {
    await this.#agents.get('A')?.kill();
  }

  async cutLink(): Promise<void> {
    this.#isLinkUp = false;
    await Promise.all([this.#links.A.cut(), this.#links.B.cut()]);
  }

  async healLink(): Promise<void> {
    if (this.#isClosed) return;
    await Promise.all([this.#links.A.heal(), this.#links.B.heal()]);
    this.#isLinkUp = true;
  }

  /** Kills what still runs and removes all directories, unless they are to be kept. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#agents.values()].map((agent) => agent.kill()));
    await this.cutLink();
    if (!keep) await rm(this.#root, { recursive: true, force: true });
  }

  async #startAgent(node: MqttNode, peers: readonly string[]): Promise<void> {
    if (this.#isClosed) return;
    const mqtt = `127.0.0.1:${this.portOf(node)}`;
    const agent = AgentProcess.spawn({ directory: join(this.#root, node), peers, mqtt });
    this.#agents.set(node, agent);
    await agent.ready();
    this.#ports.set(node, agent.mqttPort);
  }

  #addressOf(node: MqttNode): string {
    const agent = this.#agents.get(node);
    if (agent === undefined) throw new Error(`${node} is not running.`);
    return agent.address;
  }

  /** Throws an `Error` with what the command said if its exit code is not 0. */
  async #sedge(node: MqttNode, ...words: string[]): Promise<SedgeAnswer['objects']> {
    const where = { directory: join(this.#root, node), signal: this.#signal };
    const { exitCode, objects, said } = await sedgeCommand(words, where);
    if (exitCode !== 0) throw new Error(`"sedge ${words[0]}" at ${node}: exit code ${exitCode}.\n${said}`);
    return objects;
  }
}

/** Until there is somewhere. */
const NOWHERE = { host: '127.0.0.1', port: 0 };
