import { setTimeout as sleep } from 'node:timers/promises';
import { ACCIDENTS } from './accidents.ts';
import { DeliveryCheck, type DeliveryFindings } from './delivery-check.ts';
import { DemoLine } from './demo-line.ts';
import { type DemoSummary, isPerfect } from './demo-summary.ts';
import type { DemoView } from './demo-view.ts';
import { Feeder } from './feeder.ts';
import { readReadings, STATIONS } from './readings.ts';
import { verifiedMessages } from './verified-messages.ts';

/** How to run the demo. */
export interface DemoOptions {
  /** Readings a second over all feeders: slow enough that cores keep up and every accident meets readings. */
  readonly readingsPerSecond: number;
  /** Keeps the directories. */
  readonly keep: boolean;
  readonly view: DemoView;
  /** Ends it early; everything is removed all the same. */
  readonly signal: AbortSignal;
}

/** After this a run has failed, whatever is missing. A machine with other work takes several times as long as an idle one. */
const RUN_MS_MAX = 180_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 500;
const LOOK_MS = 100;

/**
 * The main job on real input: readings of twelve stations go in at A, B and C and must all reach the operations
 * centre at D, while B is killed, a link is cut and the centre is restarted.
 */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const { signal } = options;
  const line = await DemoLine.make(signal);
  try {
    return await new DemoRun(line, options).run();
  } finally {
    await line.close({ keep: options.keep });
  }
}

/** One run, from an empty directory to its summary. */
class DemoRun {
  readonly #line: DemoLine;
  readonly #options: DemoOptions;
  readonly #startedAtMs = performance.now();
  readonly #problems: string[] = [];
  #feeders: readonly Feeder[] = [];
  #readings = 0;

  constructor(line: DemoLine, options: DemoOptions) {
    this.#line = line;
    this.#options = options;
  }

  async run(): Promise<DemoSummary> {
    const { signal } = this.#options;
    this.#readings = await countReadings();
    this.#tell('making a realm: A by "sedge init", B, C and D by token');
    await this.#line.makeRealm();
    await this.#line.start();
    this.#line.centre.start();
    this.#tell('four agents run in a line A - B - C - D; readings flow in at A, B and C');
    const rest = this.#readings / this.#options.readingsPerSecond;
    this.#feeders = ['A', 'B', 'C'].map((node, index) => this.#feederAt(node, { index, seconds: rest }));
    const feeding = Promise.all(this.#feeders.map((feeder) => feeder.run(signal)));
    // Seen where it is awaited below; until then a failure shall not count as unhandled.
    feeding.catch(() => {});
    await Promise.race([this.#haveAccidents(), failure(feeding)]);
    await Promise.race([this.#complete(), failure(feeding)]);
    return this.#conclude();
  }

  #feederAt(node: string, share: { readonly index: number; readonly seconds: number }): Feeder {
    const stations = STATIONS.slice(share.index * 4, share.index * 4 + 4);
    return new Feeder({
      name: `feeder-${node}`,
      directory: this.#line.directoryOf(node as 'A' | 'B' | 'C'),
      stations,
      readingsPerSecond: this.#options.readingsPerSecond / 3,
      patienceMs: 30_000,
    });
  }

  async #haveAccidents(): Promise<void> {
    const { signal } = this.#options;
    for (const accident of ACCIDENTS) {
      await this.#watch(() => this.#published >= accident.atPart * this.#readings);
      const happening = accident.happen(this.#line, (event) => this.#tell(event), signal);
      let isOver = false;
      await Promise.all([
        happening.finally(() => {
          isOver = true;
        }),
        this.#watch(() => isOver),
      ]);
    }
  }

  /** Waits until the centre has written down all readings, and then for what might come twice. */
  async #complete(): Promise<void> {
    await this.#watch(() => this.#feeders.every((feeder) => feeder.isDone));
    this.#tell('all readings are published');
    let isComplete = false;
    while (!isComplete && this.#runMs < RUN_MS_MAX) {
      await this.#watch(() => this.#line.centre.arrived >= this.#readings);
      isComplete = (await this.#check()).findings().lost === 0;
      if (!isComplete) await sleep(LOOK_MS, undefined, { signal: this.#options.signal });
    }
    await sleep(SETTLE_MS, undefined, { signal: this.#options.signal });
  }

  async #conclude(): Promise<DemoSummary> {
    const neighbours = {
      A: await this.#line.neighboursOf('A'),
      D: await this.#line.neighboursOf('D'),
    };
    if (neighbours.A.join() !== 'B' || neighbours.D.join() !== 'C') {
      this.#problems.push(`A is connected to ${neighbours.A.join()}, D to ${neighbours.D.join()}`);
    }
    await this.#line.centre.kill();
    await this.#line.stopAgents();
    this.#tell("checking D's journal offline");
    const check = await this.#check();
    const verified = verifiedMessages(await this.#line.verify('D'), check.arrivedByLog());
    return this.#summary(check.findings(), { verified, neighbours });
  }

  #summary(findings: DeliveryFindings, rest: Pick<DemoSummary, 'verified' | 'neighbours'>): DemoSummary {
    const summary = {
      ...findings,
      ...rest,
      readings: this.#readings,
      seconds: Math.round(this.#runMs / 100) / 10,
      killed: 1,
      cuts: 1,
      centreRestarts: 1,
      feederRetries: this.#feeders.reduce((sum, feeder) => sum + feeder.retries, 0),
      problems: this.#problems,
      ...(this.#options.keep ? { directory: this.#line.root } : {}),
    };
    return { perfect: isPerfect(summary), ...summary };
  }

  async #check(): Promise<DeliveryCheck> {
    const published = new Map(this.#feeders.flatMap((feeder) => [...feeder.published]));
    const check = new DeliveryCheck(published);
    for (const session of await this.#line.centre.sessions()) check.takeSession(session);
    return check;
  }

  get #published(): number {
    return this.#feeders.reduce((sum, feeder) => sum + feeder.published.size, 0);
  }

  get #runMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Shows how things stand until `isOver`, or until the whole run took too long. */
  async #watch(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.#runMs < RUN_MS_MAX) {
      const { failure: centreFailure } = this.#line.centre;
      if (centreFailure !== null) throw new Error(centreFailure);
      this.#show();
      await sleep(LOOK_MS, undefined, { signal: this.#options.signal });
    }
  }

  #show(): void {
    const { centre } = this.#line;
    const isUp = (node: 'A' | 'B' | 'C' | 'D'): boolean => this.#line.isRunning(node);
    this.#options.view.picture({
      readings: this.#readings,
      published: this.#published,
      arrived: Math.min(centre.arrived, this.#readings),
      seconds: this.#runMs / 1_000,
      running: { A: isUp('A'), B: isUp('B'), C: isUp('C'), D: isUp('D') },
      isLinkUp: this.#line.isLinkUp,
      isCentreUp: centre.isRunning,
      stations: centre.stations,
    });
  }

  #tell(event: string): void {
    this.#options.view.event(event, this.#runMs / 1_000);
  }
}

async function countReadings(): Promise<number> {
  let count = 0;
  for await (const _ of readReadings(new Set(STATIONS))) count++;
  return count;
}

/** Never resolves; throws what `work` throws. */
function failure(work: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch(reject);
  });
}
