/** Levels of log lines, the most talkative first; `silent` writes none. */
export const LOG_LEVELS = Object.freeze(['debug', 'info', 'warn', 'error', 'silent'] as const);

/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Parts of an agent, each with lines and a level of its own; `agent` is what is none of the others. */
export const LOG_PARTS = Object.freeze([
  'agent',
  'mesh',
  'journal',
  'sync',
  'overlay',
  'mqtt',
  'mqtt-bridge',
  'serial',
  'http',
  'control',
  'alerts',
] as const);

/** One of {@link LOG_PARTS}. */
export type LogPart = (typeof LOG_PARTS)[number];

/** A level for some parts. */
export type LogLevels = Readonly<Partial<Record<LogPart, LogLevel>>>;

/** What {@link readLogLevels} makes of a setting. */
export type LogLevelsReading =
  | { readonly ok: true; readonly value: LogLevels }
  | { readonly ok: false; readonly reason: string };

/** From `{"sync": "debug"}` or `["sync=debug"]`; `all` stands for every part that is not named itself. */
export function readLogLevels(value: unknown): LogLevelsReading {
  if (typeof value !== 'object' || value === null) {
    return { ok: false, reason: 'it must say parts and their levels, such as sync=debug' };
  }
  const pairs: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.slice(0, 64).map((text) => {
        const [part = '', ...level] = String(text).split('=');
        return [part.trim(), level.join('=').trim()];
      })
    : Object.entries(value);
  const levels: Partial<Record<LogPart, LogLevel>> = {};
  const everywhere = pairs.find(([part]) => part === 'all')?.[1];
  const named = pairs.filter(([part]) => part !== 'all');
  const all = everywhere === undefined ? [] : LOG_PARTS.map((part) => [part, everywhere] as const);
  for (const [part, level] of [...all, ...named]) {
    const known = LOG_PARTS.find((one) => one === part);
    if (known === undefined) {
      return {
        ok: false,
        reason: `there is no part ${JSON.stringify(part.slice(0, 40))}; there are all, ${LOG_PARTS.join(', ')}`,
      };
    }
    const fits = LOG_LEVELS.find((one) => one === level);
    if (fits === undefined)
      return { ok: false, reason: `the level of ${part} must be one of ${LOG_LEVELS.join(', ')}` };
    levels[known] = fits;
  }
  return { ok: true, value: levels };
}
