import { checkTopic, describeError, PAYLOAD_BYTES_MAX } from '../../src/index.ts';
import type { ContactTrace } from './contact-trace.ts';
import { LineFault, linesOf, parseTimeMs, shown } from './trace-lines.ts';

/** A message that a node of a trace publishes. */
export interface PlannedPublish {
  readonly timeMs: number;
  /** Place in the nodes of the trace. */
  readonly node: number;
  readonly topic: string;
  readonly payload: string;
}

/** How many messages are made up, and how far apart. */
export interface RoundRobinOptions {
  /** In all. */
  readonly messages: number;
  readonly intervalMs: number;
}

/** Most messages of a replay: every node keeps every one. */
export const PLANNED_MESSAGES_MAX = 1_000_000;

/**
 * Messages in turn by all nodes, in the order in which the trace names them, one each `intervalMs` from the
 * start of the first contact on, whether anybody is met then or not.
 */
export function roundRobinPlan(trace: ContactTrace, options: RoundRobinOptions): PlannedPublish[] {
  const { messages, intervalMs } = options;
  const startMs = trace.contacts[0]?.startMs ?? 0;
  return Array.from({ length: messages }, (_, index) => ({
    timeMs: startMs + index * intervalMs,
    node: index % trace.nodes.length,
    topic: `contacts/${index % trace.nodes.length}`,
    payload: `message ${index + 1}`,
  }));
}

/**
 * Reads what is published: a line a message, `seconds node topic payload`, the payload being the rest of the
 * line, which may be empty. Lines that start with `#` are comments. In any order. Throws
 * `simulation.bad-publish-file`, with the file, the line and what is wrong.
 */
export function parsePublishFile(text: string, file: string, trace: ContactTrace): PlannedPublish[] {
  const fault = new LineFault('simulation.bad-publish-file', file);
  const places = new Map(trace.nodes.map((name, place) => [name, place]));
  const plan: PlannedPublish[] = [];
  for (const { number, text: line } of linesOf(text)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const planned = parseLine(line, places);
    if (typeof planned === 'string') throw fault.at(number, planned);
    if (plan.length === PLANNED_MESSAGES_MAX) {
      throw fault.at(number, `more than ${PLANNED_MESSAGES_MAX} messages`);
    }
    plan.push(planned);
  }
  if (plan.length === 0) throw fault.ofFile('it holds no message');
  return plan.sort((x, y) => x.timeMs - y.timeMs);
}

function parseLine(line: string, places: ReadonlyMap<string, number>): PlannedPublish | string {
  const match = /^\s*(\S+)\s+(\S+)\s+(\S+)(?:\s(.*))?$/.exec(line);
  if (match === null) return 'fewer than 3 fields: seconds node topic payload';
  const [, seconds, name, topic, payload = ''] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
  ];
  const timeMs = parseTimeMs(seconds);
  if (typeof timeMs === 'string') return timeMs;
  const node = places.get(name);
  if (node === undefined) return `the trace has no node "${shown(name)}"`;
  const checked = checkTopic(topic);
  if (!checked.ok) return `"${shown(topic)}" is no topic to publish on: ${describeError(checked.code)}`;
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX) {
    return `the payload is over ${PAYLOAD_BYTES_MAX} bytes`;
  }
  return { timeMs, node, topic, payload };
}
