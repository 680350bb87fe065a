import { readFileSync } from 'node:fs';
import { fromHex } from '../../../../src/bytes/index.ts';

/** A case of a vector file. */
export class VectorCase {
  readonly #fields: ReadonlyMap<string, string>;

  constructor(lines: readonly string[]) {
    this.#fields = new Map(
      lines.map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
      }),
    );
  }

  /** What the case is about. */
  get note(): string {
    return this.#fields.get('note') ?? '';
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    if (value === undefined) throw new Error(`no ${name} in the case`);
    return value;
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  bytes(name: string): Uint8Array {
    return fromHex(this.text(name))!;
  }

  /** A number of up to 4 bytes, low byte first. */
  number(name: string): number {
    return this.bytes(name).reduceRight((value, byte) => value * 256 + byte, 0);
  }
}

/** The text of a file of test/vectors/serial. */
export function vectorFile(name: string): string {
  return readFileSync(new URL(`../../../vectors/serial/${name}`, import.meta.url), 'utf8');
}

/** The cases of one kind; all cases of a file without kinds. */
export function vectorCases(name: string, kind?: string): VectorCase[] {
  return vectorFile(name)
    .split(/\r?\n\r?\n/)
    .map((block) => block.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#')))
    .filter((lines) => lines.length > 0)
    .map((lines) => new VectorCase(lines))
    .filter((one) => kind === undefined || one.text('case') === kind);
}
