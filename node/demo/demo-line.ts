import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAgent } from '../control/client/index.ts';
import { AgentProcess } from './agent-process.ts';
import { Centre } from './centre.ts';
import { CuttableLink } from './cuttable-link.ts';
import { NODES, type NodeName } from './node-names.ts';
import { type SedgeAnswer, sedgeCommand } from './sedge-command.ts';
import { tcpPortOf, withTcpPort } from './tcp-port.ts';

/**
 * Four agents in a line A - B - C - D, the link between C and D one that can be cut, and the operations centre
 * at D. B dials A and C, D dials C; so A and D never meet. Owns all processes and directories.
 */
export class DemoLine {
  readonly centre: Centre;
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #agents = new Map<NodeName, AgentProcess>();
  readonly #link = new CuttableLink({ host: '127.0.0.1', port: 0 });
  #isLinkUp = false;
  #isClosed = false;

  private constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
    this.centre = new Centre(this.directoryOf('D'), root);
  }

  /** Makes the directory that holds all others. */
  static async make(signal: AbortSignal): Promise<DemoLine> {
    return new DemoLine(await mkdtemp(join(tmpdir(), 'sedge-demo-')), signal);
  }

  /** Where everything lies. */
  get root(): string {
    return this.#root;
  }

  get isLinkUp(): boolean {
    return this.#isLinkUp;
  }

  directoryOf(node: NodeName): string {
    return join(this.#root, node);
  }

  isRunning(node: NodeName): boolean {
    return this.#agents.get(node)?.isRunning ?? false;
  }

  /** Makes a realm at A with `sedge init`; the others join with a token, as machines would. */
  async makeRealm(): Promise<void> {
    await mkdir(this.#root, { recursive: true });
    await this.#sedge('A', 'init', 'air', '--name', 'A');
    await this.#startAgent('A', []);
    const [invitation] = await this.#sedge('A', 'invite', '--uses', '3');
    const token = String(invitation?.token);
    await Promise.all(NODES.slice(1).map((node) => this.#sedge(node, 'join', token, '--name', node)));
  }

  /** Starts what is not running yet, and waits until neighbours are connected. */
  async start(): Promise<void> {
    await this.#startAgent('C', []);
    this.#link.lead({ host: '127.0.0.1', port: tcpPortOf(this.#addressOf('C')) });
    await this.healLink();
    await Promise.all([
      this.startB(),
      this.#startAgent('D', [withTcpPort(this.#addressOf('C'), this.#link.port)]),
    ]);
  }

  /** Starts B, also after it was killed; nobody dials it, so it may come back on any port. */
  async startB(): Promise<void> {
    await this.#startAgent('B', [this.#addressOf('A'), this.#addressOf('C')]);
  }

  /** kill -9. */
  async kill(node: NodeName): Promise<void> {
    await this.#agents.get(node)?.kill();
  }

  async cutLink(): Promise<void> {
    this.#isLinkUp = false;
    await this.#link.cut();
  }

  async healLink(): Promise<void> {
    await this.#link.heal();
    this.#isLinkUp = true;
  }

  /** Names of the nodes that a node is connected to, sorted. */
  async neighboursOf(node: NodeName): Promise<string[]> {
    const agent = connectAgent({ directory: this.directoryOf(node) });
    try {
      const peers = await agent.peers();
      return peers
        .filter((peer) => peer.connected)
        .map((peer) => peer.name)
        .sort();
    } finally {
      await agent.close();
    }
  }

  /** Asks all agents to stop, so that what they hold is on disk. */
  async stopAgents(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
  }

  /** Checks a node's journal offline with `sedge verify`: an object a log, also where something is wrong. */
  async verify(node: NodeName): Promise<SedgeAnswer['objects']> {
    const where = { directory: this.directoryOf(node), signal: this.#signal };
    return (await sedgeCommand(['verify'], where)).objects;
  }

  /** Kills what still runs and removes all directories, unless they are to be kept. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.centre.kill(), ...[...this.#agents.values()].map((agent) => agent.kill())]);
    await this.#link.cut();
    if (!keep) await rm(this.#root, { recursive: true, force: true });
  }

  async #startAgent(node: NodeName, peers: readonly string[]): Promise<void> {
    if (this.#isClosed) return;
    const agent = AgentProcess.spawn({ directory: this.directoryOf(node), peers });
    this.#agents.set(node, agent);
    await agent.ready();
  }

  #addressOf(node: NodeName): string {
    const agent = this.#agents.get(node);
    if (agent === undefined) throw new Error(`${node} is not running.`);
    return agent.address;
  }

  /** Throws an `Error` with what the command said if its exit code is not 0. */
  async #sedge(node: NodeName, ...words: string[]): Promise<SedgeAnswer['objects']> {
    const where = { directory: this.directoryOf(node), signal: this.#signal };
    const { exitCode, objects, said } = await sedgeCommand(words, where);
    if (exitCode !== 0) throw new Error(`"sedge ${words[0]}" at ${node}: exit code ${exitCode}.\n${said}`);
    return objects;
  }
}
