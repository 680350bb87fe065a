import { pino } from 'pino';
import type { Log } from '../src/errors/index.ts';
import type { LogLevel } from './config/index.ts';

/** Where log lines go. */
export interface LogTarget {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** A log on stderr: sentences on a terminal, JSON lines where a program reads. */
export function agentLog(target: LogTarget, level: LogLevel): Log {
  const destination =
    target.isTTY === true ? { write: (line: string) => target.write(forPeople(line)) } : target;
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: levelName },
    },
    { write: (line: string) => void destination.write(line) },
  );
}

function levelName(label: string): object {
  return { level: label };
}

/** `10:20:30 warn  link went silent (peer: 12D3…, ageMs: 400)` */
function forPeople(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const facts = Object.entries(fields).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const clock = new Date(String(time)).toTimeString().slice(0, 8);
  const detail = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${detail}\n`;
}
