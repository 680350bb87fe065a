import { isName, NAME_BYTES_MAX } from '../../src/index.ts';
import { LineFault, linesOf, parseTimeMs, shown } from './trace-lines.ts';

/** Two nodes that can reach each other, from `startMs` until just before `endMs`. */
export interface Contact {
  /** Places in {@link ContactTrace.nodes}; `a` is the smaller. */
  readonly a: number;
  readonly b: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** A list of meetings, as measured or made up. */
export interface ContactTrace {
  /** Names in the order in which they first appear. */
  readonly nodes: readonly string[];
  /** By start; those of one pair neither overlap nor touch. */
  readonly contacts: readonly Contact[];
}

/** Most nodes of a trace: what the model overlay is measured with. */
export const TRACE_NODES_MAX = 3_000;
/** Most lines with contacts: more than the longest public traces have in a week. */
export const TRACE_CONTACTS_MAX = 2_000_000;

/**
 * Reads a contact trace: a line a meeting, `nodeA nodeB startSeconds endSeconds`, separated by white space; `#`
 * starts a comment. In any order; meetings of one pair that overlap or touch become one. Throws
 * `simulation.bad-trace`, with the file, the line and what is wrong.
 */
export function parseContactTrace(text: string, file: string): ContactTrace {
  const reader = new TraceReader(new LineFault('simulation.bad-trace', file));
  for (const { number, text: line } of linesOf(text)) {
    const words = (line.split('#', 1)[0] ?? '').split(/\s+/).filter((word) => word !== '');
    if (words.length > 0) reader.add(words, number);
  }
  return reader.end();
}

class TraceReader {
  readonly #fault: LineFault;
  readonly #places = new Map<string, number>();
  readonly #pairs = new Map<string, Contact[]>();
  #contacts = 0;

  constructor(fault: LineFault) {
    this.#fault = fault;
  }

  add(words: readonly string[], line: number): void {
    if (words.length !== 4) {
      const reason = `${words.length} fields where there must be 4: nodeA nodeB startSeconds endSeconds`;
      throw this.#fault.at(line, reason);
    }
    const [nameA, nameB, start, end] = words as [string, string, string, string];
    if (nameA === nameB) throw this.#fault.at(line, `"${shown(nameA)}" meets itself`);
    const startMs = this.#time(start, line);
    const endMs = this.#time(end, line);
    if (endMs < startMs) throw this.#fault.at(line, `the end, ${end}, is before the start, ${start}`);
    if (++this.#contacts > TRACE_CONTACTS_MAX) {
      throw this.#fault.at(line, `more than ${TRACE_CONTACTS_MAX} contacts`);
    }
    const [one, other] = [this.#place(nameA, line), this.#place(nameB, line)];
    const [a, b] = one < other ? [one, other] : [other, one];
    const pair = this.#pairs.get(`${a} ${b}`);
    if (pair === undefined) this.#pairs.set(`${a} ${b}`, [{ a, b, startMs, endMs }]);
    else pair.push({ a, b, startMs, endMs });
  }

  end(): ContactTrace {
    if (this.#contacts === 0) throw this.#fault.ofFile('it holds no contact');
    const contacts = [...this.#pairs.values()].flatMap(merged);
    contacts.sort((x, y) => x.startMs - y.startMs || x.endMs - y.endMs || x.a - y.a || x.b - y.b);
    return { nodes: [...this.#places.keys()], contacts };
  }

  #time(word: string, line: number): number {
    const timeMs = parseTimeMs(word);
    if (typeof timeMs === 'string') throw this.#fault.at(line, timeMs);
    return timeMs;
  }

  #place(name: string, line: number): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    if (!isName(name)) {
      const reason = `"${shown(name)}" is no name of a node: 1 to ${NAME_BYTES_MAX} bytes without control characters`;
      throw this.#fault.at(line, reason);
    }
    if (this.#places.size === TRACE_NODES_MAX)
      throw this.#fault.at(line, `more than ${TRACE_NODES_MAX} nodes`);
    this.#places.set(name, this.#places.size);
    return this.#places.size - 1;
  }
}

/** Meetings of one pair as they were, without overlaps. */
function merged(contacts: Contact[]): Contact[] {
  const rows: Contact[] = [];
  for (const contact of contacts.sort((x, y) => x.startMs - y.startMs)) {
    const last = rows.at(-1);
    if (last === undefined || contact.startMs > last.endMs) rows.push(contact);
    else if (contact.endMs > last.endMs) rows[rows.length - 1] = { ...last, endMs: contact.endMs };
  }
  return rows;
}
