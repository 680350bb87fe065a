import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';

/** Options of {@link PortWatch}. */
export interface PortWatchOptions {
  /** Where device files come and go. @defaultValue `/dev` */
  readonly dev?: string;
  /** Milliseconds of quiet before it tells: udev makes its links a moment after the device file. @defaultValue 300 */
  readonly quietMs?: number;
  /**
   * Milliseconds between looks where the system cannot tell of changes, and as a safety net where it can.
   * @defaultValue 5,000
   */
  readonly lookMs?: number;
}

/** Device files of serial ports, and the directory of udev's links to them. */
const PORT_NAME = /^(tty[A-Z]|serial$|cu\.|rfcomm)/;

/** Tells when serial ports may have come or gone. */
export class PortWatch {
  readonly #options: Required<PortWatchOptions>;
  readonly #onChange: () => void;
  #watchers: FSWatcher[] = [];
  #quiet: NodeJS.Timeout | null = null;
  #look: NodeJS.Timeout | null = null;

  constructor(options: PortWatchOptions, onChange: () => void) {
    this.#options = { dev: '/dev', quietMs: 300, lookMs: 5_000, ...options };
    this.#onChange = onChange;
  }

  /** Idempotent. */
  start(): void {
    if (this.#look !== null) return;
    this.#look = setInterval(() => this.#onChange(), this.#options.lookMs);
    this.#watchDirectory(this.#options.dev, PORT_NAME);
    this.#watchDirectory(join(this.#options.dev, 'serial/by-id'), /./);
  }

  /** Idempotent. */
  stop(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    if (this.#look !== null) clearInterval(this.#look);
    this.#quiet = null;
    this.#look = null;
  }

  #watchDirectory(directory: string, wanted: RegExp): void {
    try {
      const watcher = watch(directory, (_event, name) => {
        if (name === null || wanted.test(name)) this.#tellSoon();
      });
      // Too many watches in the system, or the directory went away: looking now and then does it too.
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      // The same.
    }
  }

  #tellSoon(): void {
    if (this.#look === null) return;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#quiet = null;
      this.#onChange();
    }, this.#options.quietMs);
  }
}
