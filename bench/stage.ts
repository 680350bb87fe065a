import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentProcess, type AgentStart } from '../node/demo/agent-process.ts';
import { CuttableLink } from '../node/demo/cuttable-link.ts';
import { BenchChild } from './bench-child.ts';

/** statfs(2), magic number of tmpfs. */
const TMPFS_MAGIC = 0x01021994;
/** Where directories go if the system's place for temporary files is in memory. */
const ON_DISK = fileURLToPath(new URL('../node_modules/.cache/sedge-bench', import.meta.url));

/** Owns every process, link and directory of a run, so that one call removes them all, whatever happened. */
export class Stage {
  readonly #children = new Set<BenchChild>();
  readonly #agents = new Set<AgentProcess>();
  readonly #links = new Set<CuttableLink>();
  readonly #others = new Set<{ kill(): Promise<void> }>();
  readonly #root: string;
  #directories = 0;
  #isClosed = false;

  private constructor(root: string) {
    this.#root = root;
  }

  /** A stage whose directories lie on a real file system: memory neither wears out nor takes time to write. */
  static async open(): Promise<Stage> {
    const inMemory = (await statfs(tmpdir())).type === TMPFS_MAGIC;
    const parent = inMemory ? ON_DISK : tmpdir();
    await mkdir(parent, { recursive: true });
    return new Stage(await mkdtemp(join(parent, 'sedge-bench-')));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A fresh path for a node's directory; whoever initialises it makes it. */
  directory(): string {
    return join(this.#root, String(++this.#directories));
  }

  /** A process that waits for commands. Throws when the stage is closed, as {@link agent} and {@link link} do. */
  child(): BenchChild {
    this.#assertOpen();
    const child = new BenchChild();
    this.#children.add(child);
    return child;
  }

  /** Starts an agent; wait for its `ready`. */
  agent(start: AgentStart): AgentProcess {
    this.#assertOpen();
    const agent = AgentProcess.spawn(start);
    this.#agents.add(agent);
    return agent;
  }

  /** Takes over what is to be killed with all else. */
  own<T extends { kill(): Promise<void> }>(other: T): T {
    this.#others.add(other);
    return other;
  }

  /** A link to a place on loopback, passing. */
  async link(port: number): Promise<CuttableLink> {
    this.#assertOpen();
    const link = new CuttableLink({ host: '127.0.0.1', port });
    this.#links.add(link);
    await link.heal();
    return link;
  }

  /** Kills all processes and links; the directories stay until {@link close}. */
  async clear(): Promise<void> {
    await Promise.all([...this.#children, ...this.#agents, ...this.#others].map((one) => one.kill()));
    await Promise.all([...this.#links].map((link) => link.cut()));
    this.#children.clear();
    this.#agents.clear();
    this.#others.clear();
    this.#links.clear();
  }

  /** Removes everything, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.clear();
    await rm(this.#root, { recursive: true, force: true });
  }

  /** A workload that goes on after Ctrl-C must not start what nobody would end. */
  #assertOpen(): void {
    if (this.#isClosed) throw new Error('The benchmark was ended.');
  }
}
