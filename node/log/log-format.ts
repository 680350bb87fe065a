/** How lines look: for people on a terminal, for systemd's journal, or as JSON. */
export type LogFormat = 'terminal' | 'journald' | 'json';

/** Priorities of syslog, as sd-daemon(3) has them before a line. */
const PRIORITIES: Readonly<Record<string, number>> = Object.freeze({ debug: 7, info: 6, warn: 4, error: 3 });

/** A line of JSON as the format has it. */
export function formatLine(line: string, format: LogFormat): string {
  if (format === 'json') return line;
  const { level, time, part, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const facts = Object.entries(fields).map(([name, value]) => `${name}: ${factText(value)}`);
  const detail = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  if (format === 'journald') {
    // The journal has its own clock, and shows the priority.
    return `<${PRIORITIES[String(level)] ?? 6}>${part}: ${msg}${detail}\n`;
  }
  const clock = new Date(String(time)).toTimeString().slice(0, 8);
  const where = part === 'agent' ? '' : `${part}: `;
  return `${clock} ${String(level).padEnd(5)} ${where}${msg}${detail}\n`;
}

/** Names come from other nodes and clients: no control character of theirs begins a line or moves a cursor. */
function factText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /\p{Cc}/u.test(text) ? JSON.stringify(text).replaceAll(/\p{Cc}/gu, '\ufffd') : text;
}
