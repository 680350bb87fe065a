import { connectAgent } from '../../control/client/index.ts';

const LOOK_MS = 250;
/** Counters of what came on a port and was no frame that could be used. */
const BAD_FRAME = /^frame\.(?!text-dropped)/;

/** Counts the bad frames of a gateway's bridge over all of the gateway's lives. */
export class BridgeWatch {
  readonly #directory: string;
  readonly #timer: NodeJS.Timeout;
  #before = 0;
  #now = 0;
  #isLooking = false;

  /** Looks at the agent in `directory` a few times a second, until {@link close}. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
  }

  get badFrames(): number {
    return this.#before + this.#now;
  }

  /** Looks now. An agent that is down says nothing, and begins at 0 when it is back. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const agent = connectAgent({ directory: this.#directory });
    try {
      const ports = await agent.serialPorts();
      const counted = ports.flatMap(({ counters }) => Object.entries(counters));
      const bad = counted.filter(([cause]) => BAD_FRAME.test(cause));
      this.#take(bad.reduce((sum, [, count]) => sum + count, 0));
    } catch {
      // Down.
    } finally {
      this.#isLooking = false;
      await agent.close();
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #take(badFrames: number): void {
    if (badFrames < this.#now) this.#before += this.#now;
    this.#now = badFrames;
  }
}
