import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CentreRecord, readCentreRecords } from './centre-record.ts';

const MAIN = fileURLToPath(new URL('./centre-main.ts', import.meta.url));

/** What came of one station: how many readings, and the last value of each quantity. */
export interface StationTally {
  readonly count: number;
  readonly latest: Readonly<Record<string, string>>;
}

/** What a running centre tells of itself, since it started. */
export interface CentreProgress {
  readonly arrived: number;
  /** By name of the station. */
  readonly stations: Readonly<Record<string, StationTally>>;
}

const NOTHING: CentreProgress = Object.freeze({ arrived: 0, stations: {} });

/** The operations centre over all of its lives; each writes a file of its own. */
export class Centre {
  readonly #directory: string;
  readonly #filesDirectory: string;
  readonly #files: string[] = [];
  #child: ChildProcess | null = null;
  /** Of the lives that are over, and of the one that runs. */
  #before: CentreProgress = NOTHING;
  #progress: CentreProgress = NOTHING;
  #failure: string | null = null;

  /** Subscribes at the agent in `directory`, writes below `filesDirectory`. */
  constructor(directory: string, filesDirectory: string) {
    this.#directory = directory;
    this.#filesDirectory = filesDirectory;
  }

  /** Messages that arrived in all lives, repeated ones included. */
  get arrived(): number {
    return this.#before.arrived + this.#progress.arrived;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** What came of each station in all lives. */
  get stations(): CentreProgress['stations'] {
    return addTallies(this.#before, this.#progress).stations;
  }

  /** Why it ended by itself; `null` while it did not. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Starts a life. */
  start(): void {
    const file = join(this.#filesDirectory, `centre-${this.#files.length + 1}.ndjson`);
    this.#files.push(file);
    const child = fork(MAIN, [this.#directory, file], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child = child;
    let logged = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      logged = (logged + chunk.toString()).slice(-2_000);
    });
    child.on('message', (progress: CentreProgress) => {
      if (this.#child === child) this.#progress = progress;
    });
    child.once('exit', () => {
      if (this.#child === child) this.#failure = `The operations centre ended by itself.\n${logged}`;
    });
  }

  /** kill -9; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    // What it wrote down after its last report counts too.
    const written = (await readFile(this.#files.at(-1)!, 'utf8').catch(() => '')).split('\n').length - 1;
    this.#before = addTallies(this.#before, { ...this.#progress, arrived: written });
    this.#progress = NOTHING;
  }

  /** What each life wrote down. */
  async sessions(): Promise<readonly (readonly CentreRecord[])[]> {
    return Promise.all(
      this.#files.map(async (file) =>
        existsSync(file) ? readCentreRecords(await readFile(file, 'utf8')) : [],
      ),
    );
  }
}

function addTallies(before: CentreProgress, now: CentreProgress): CentreProgress {
  const stations: Record<string, StationTally> = { ...before.stations };
  for (const [name, tally] of Object.entries(now.stations)) {
    const known = stations[name] ?? { count: 0, latest: {} };
    stations[name] = {
      count: known.count + tally.count,
      latest: { ...known.latest, ...tally.latest },
    };
  }
  return { arrived: before.arrived + now.arrived, stations };
}
