import type { Log } from '../../../src/index.ts';
import type { LiveSection } from './live-sections.ts';

/** A section as it was last read. */
interface ReadSection {
  readonly section: LiveSection;
  /** As JSON; `undefined` before the first reading. */
  text: string | undefined;
  version: number;
  readAtMs: number;
  reading: Promise<void> | null;
}

/** The sections of the node's state, each read once for all who look, and told only when it changed. */
export class SectionBoard {
  readonly #sections: readonly ReadSection[];
  readonly #log: Log;
  #version = 0;

  constructor(sections: readonly LiveSection[], log: Log) {
    this.#log = log;
    this.#sections = sections.map((section) => {
      return { section, text: undefined, version: 0, readAtMs: Number.NEGATIVE_INFINITY, reading: null };
    });
  }

  get version(): number {
    return this.#version;
  }

  /** Reads what is due. A section that cannot be read is left as it was. */
  async refresh(nowMs: number): Promise<void> {
    await Promise.all(this.#sections.map((one) => this.#refreshOne(one, nowMs)));
  }

  /** JSON of what changed after a version, name and value; empty for nothing. */
  changedSince(version: number): string {
    return this.#sections
      .filter((one) => one.text !== undefined && one.version > version)
      .map(({ section, text }) => `${JSON.stringify(section.name)}:${text}`)
      .join(',');
  }

  #refreshOne(one: ReadSection, nowMs: number): Promise<void> | undefined {
    if (one.reading !== null) return one.reading;
    if (nowMs - one.readAtMs < one.section.everyMs) return undefined;
    one.readAtMs = nowMs;
    one.reading = this.#read(one).finally(() => {
      one.reading = null;
    });
    return one.reading;
  }

  async #read(one: ReadSection): Promise<void> {
    try {
      const text = JSON.stringify(await one.section.read());
      if (text === undefined || text === one.text) return;
      one.text = text;
      one.version = ++this.#version;
    } catch (error) {
      this.#log.debug(
        { section: one.section.name, reason: String(error) },
        'a section of the live view could not be read',
      );
    }
  }
}
