import type { GuideMachine, GuideMachines, Ran } from './guide-machine.ts';
import { type GuideSample, guideSamples, missingOutput } from './guide-samples.ts';

/** Does what a guide says, on machines of its own. */
export class GuidePage {
  readonly #page: string;
  readonly #machines: GuideMachines;
  readonly #samples: readonly GuideSample[];
  readonly #done = new Set<GuideSample>();

  constructor(page: string, machines: GuideMachines) {
    this.#page = page;
    this.#machines = machines;
    this.#samples = guideSamples(page);
  }

  /**
   * Runs the blocks below a heading, in their order, or those from `first` to before `end`; throws where one does not end or
   * print as the page says.
   */
  async section(anchor: string, first = 0, end?: number): Promise<string> {
    const samples = this.#samples.filter(({ sections }) => sections.at(-1) === anchor).slice(first, end);
    if (samples.length === 0) throw new Error(`${this.#page} has no commands below #${anchor}`);
    let printed = '';
    for (const sample of samples) printed += await this.#do(sample);
    return printed;
  }

  /** Runs all blocks in their order, as who reads the page from its beginning does. */
  async all(): Promise<void> {
    for (const sample of this.#samples) await this.#do(sample);
  }

  /** Blocks that nobody ran, and that do not say why. */
  left(): string[] {
    return this.#samples
      .filter((sample) => sample.does.kind !== 'leave' && !this.#done.has(sample))
      .map(({ line, code }) => `${this.#page}:${line}: ${code}`);
  }

  async #do(sample: GuideSample): Promise<string> {
    const { does, code } = sample;
    this.#done.add(sample);
    if (does.kind === 'leave') return '';
    const machine = does.machine === null ? this.#machines.first : this.#machines.get(does.machine);
    if (does.kind === 'start') {
      await (does.what === 'agent' ? machine.startAgent(code) : machine.startDevice(code));
      return '';
    }
    const ran = await machine.run(code, does.asks ? 'a-good-password\n' : '');
    return this.#check(sample, does.exitCode, ran, machine);
  }

  #check({ line, code, output }: GuideSample, exitCode: number, ran: Ran, machine: GuideMachine): string {
    const place = `${this.#page}:${line} on ${machine.name}`;
    if (ran.code !== exitCode)
      throw new Error(`${place}: ended with ${ran.code}, not ${exitCode}:\n${code}\n${ran.printed}`);
    const missing = output === null ? [] : missingOutput(output, ran.printed);
    if (missing.length > 0)
      throw new Error(`${place} does not print\n${missing.join('\n')}\nbut\n${ran.printed}`);
    return ran.printed;
  }
}
