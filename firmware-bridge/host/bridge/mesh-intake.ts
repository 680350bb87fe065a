import { isSedgeError, type Log } from '../../../src/errors/index.ts';
import type { Mesh, PublishOptions } from '../../../src/index.ts';

/** What the bridge needs of a mesh. */
export type BridgeMesh = Pick<
  Mesh,
  'publish' | 'subscribe' | 'findPublished' | 'publishedBy' | 'node' | 'name'
>;

/** What became of a message: in the mesh, never to be there, or nobody knows as the bridge stopped. */
export type IntakeOutcome = 'done' | 'refused' | 'stopped';

/** What a {@link MeshIntake} works with. */
export interface MeshIntakeDependencies {
  readonly mesh: Pick<BridgeMesh, 'publish'>;
  readonly log: Log;
  /** The mesh takes no more for now, or takes it again. */
  readonly onRoom: (hasRoom: boolean) => void;
}

interface Waiting {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly options: PublishOptions;
  readonly resolve: (outcome: IntakeOutcome) => void;
  /** Rises with each message: what is tried again keeps its place. */
  readonly place: number;
}

interface Telling {
  readonly topic: string;
  readonly payload: string;
  readonly options: PublishOptions;
}

/** Between attempts while the mesh takes nothing: a full disk stays full for a while. */
const RETRY_MS = 1_000;
/** Codes of messages that no later attempt makes right. */
const HOPELESS = /^(topic|entry)\.|^mesh\.bad-option$/;

/**
 * Publishes what devices say. Where the mesh cannot take it (disk full, too much waiting) it is kept and tried again, in
 * order, and whoever brings more is told that there is no room: nothing is lost, as the devices keep what is not
 * acknowledged.
 */
export class MeshIntake {
  readonly #deps: MeshIntakeDependencies;
  /** In order; the first is tried when the timer rings. Bounded by what devices may send unacknowledged. */
  #waiting: Waiting[] = [];
  /** Newest text of each topic that could not be told. */
  readonly #untold = new Map<string, Telling>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #retries = 0;
  #places = 0;
  #underWay = 0;

  constructor(deps: MeshIntakeDependencies) {
    this.#deps = deps;
  }

  get hasRoom(): boolean {
    return this.#timer === null;
  }

  /** Failed attempts that were made again. */
  get retries(): number {
    return this.#retries;
  }

  /** Publishes, however often it takes. Never rejects. */
  publish(topic: string, payload: Uint8Array | string, options: PublishOptions): Promise<IntakeOutcome> {
    return new Promise((resolve) => {
      const message = { topic, payload, options, resolve, place: this.#places++ };
      if (this.#stopped) resolve('stopped');
      else if (this.hasRoom) this.#try(message);
      else this.#waiting.push(message);
    });
  }

  /** Publishes a state of things: of several on a topic that could not be told, only the newest matters. */
  tell(topic: string, payload: string, options: PublishOptions = {}): void {
    if (this.#stopped) return;
    const message = { topic, payload, options: { ack: 'accepted', ...options } as const };
    if (!this.hasRoom) {
      this.#untold.set(topic, message);
      return;
    }
    this.#deps.mesh.publish(topic, payload, message.options).catch((error: unknown) => {
      if (outcomeOf(error) !== null) return;
      if (!this.#untold.has(topic)) this.#untold.set(topic, message);
      this.#noRoom(error);
    });
  }

  /** What waits is told that nobody knows. */
  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const { resolve } of this.#waiting.splice(0)) resolve('stopped');
    this.#untold.clear();
  }

  #try(message: Waiting): void {
    const { topic, payload, options, resolve } = message;
    this.#underWay++;
    this.#deps.mesh.publish(topic, payload, options).then(
      () => {
        this.#underWay--;
        resolve('done');
      },
      (error: unknown) => {
        this.#underWay--;
        const outcome = this.#stopped ? 'stopped' : outcomeOf(error);
        if (outcome !== null) resolve(outcome);
        else this.#keep(message, error);
      },
    );
  }

  #keep(message: Waiting, error: unknown): void {
    this.#retries++;
    this.#waiting.push(message);
    this.#waiting.sort((a, b) => a.place - b.place);
    this.#noRoom(error);
  }

  #noRoom(error: unknown): void {
    if (this.#timer !== null || this.#stopped) return;
    const code = isSedgeError(error) ? error.code : String(error);
    this.#deps.log.warn({ code }, 'the mesh takes no readings for now; devices are told to wait');
    this.#timer = setTimeout(() => void this.#retry(), RETRY_MS);
    this.#deps.onRoom(false);
  }

  /** One first: if that does not go, the others need not try. */
  async #retry(): Promise<void> {
    const first = this.#waiting[0];
    // What is under way was given before: it must not be overtaken, and if it fails it takes its place in the line.
    const stays = this.#underWay > 0 || (first !== undefined && !(await this.#settle(first)));
    if (this.#stopped) return;
    if (stays) {
      this.#timer = setTimeout(() => void this.#retry(), RETRY_MS);
      return;
    }
    this.#timer = null;
    for (const message of this.#waiting.splice(0)) this.#try(message);
    const untold = [...this.#untold.values()];
    this.#untold.clear();
    for (const { topic, payload, options } of untold) this.tell(topic, payload, options);
    this.#deps.log.info({}, 'the mesh takes readings again');
    this.#deps.onRoom(true);
  }

  /** Tries the first of the line, and takes it out of there unless it may go later. */
  async #settle(first: Waiting): Promise<boolean> {
    const { topic, payload, options, resolve } = first;
    const failure = await this.#deps.mesh.publish(topic, payload, options).then(
      () => undefined,
      (error: unknown) => error,
    );
    const outcome = failure === undefined ? 'done' : outcomeOf(failure);
    if (outcome === null) {
      this.#retries++;
      return false;
    }
    if (this.#waiting[0] === first) this.#waiting.shift();
    resolve(outcome);
    return true;
  }
}

/** What a failure means for a message; `null` where it may go later. */
function outcomeOf(error: unknown): IntakeOutcome | null {
  if (!isSedgeError(error)) return null;
  if (error.code === 'mesh.not-started') return 'stopped';
  return HOPELESS.test(error.code) ? 'refused' : null;
}
