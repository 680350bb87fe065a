import { parseDurationMs } from '../cli/duration.ts';
import { nearestName } from '../cli/nearest-name.ts';
import { parseBytes } from '../config/keep-text.ts';
// Not by its index: the bridge is loaded by an agent that has one.
import { isRuleFilter } from '../gateways/mqtt-bridge/topic-rule.ts';
import { ALERT_WATCHES, type AlertSeverity, type AlertWatch } from './alert.ts';
import { type AlertLimit, type AlertRule, BUILT_IN_RULES, WATCH_DEFAULTS } from './alert-rule.ts';

/** What {@link readAlerts} makes of a setting: the rules in force. */
export type AlertsReading =
  | { readonly ok: true; readonly value: readonly AlertRule[] }
  | { readonly ok: false; readonly reason: string };

const RULES_MAX = 64;
const ONLY_MAX = 64;
const TEXT_LENGTH_MAX = 256;
const DURATION_MS_MAX = 31 * 86_400_000;
const WATCHES = ALERT_WATCHES.filter((watch) => watch !== 'test');

type Watch = keyof typeof WATCH_DEFAULTS;
type Fields = Readonly<Record<string, unknown>>;

/** Keys of a rule beside `name`, `watch`, `off`, `severity`, `for` and `clearFor`. */
const KEYS_OF: Readonly<Record<Watch, readonly string[]>> = Object.freeze({
  'peer-silent': ['only'],
  backlog: ['above', 'clear', 'growing', 'only'],
  disk: ['above', 'below', 'clear'],
  clock: ['above'],
  fork: ['only'],
  'bad-tags': ['above', 'only'],
  'topic-silent': ['topic', 'each'],
  value: ['topic', 'field', 'above', 'below', 'clear'],
});
const COMMON_KEYS = ['name', 'watch', 'off', 'severity', 'for', 'clearFor'];

/** Thrown within this file alone. */
class Mistake extends Error {}

/** Where a reader is: the rule's place or name, and what it has. */
interface Place {
  readonly fields: Fields;
  readonly where: string;
  readonly watch: Watch;
}

/**
 * Reads and checks the setting `alerts`: `off`, or a list of rules that are added to the built-in ones or, where they have
 * the name of one, change it. The reason names the rule and the key.
 */
export function readAlerts(value: unknown): AlertsReading {
  if (value === 'off' || value === false) return { ok: true, value: [] };
  try {
    if (!Array.isArray(value) || value.length > RULES_MAX) {
      throw new Mistake(`it must be off, or a list of at most ${RULES_MAX} rules`);
    }
    const read = value.map((item, index) => readRule(item, `alert ${index + 1}`));
    const names = read.map(({ name }) => name);
    const twice = names.find((name, at) => names.indexOf(name) < at);
    if (twice !== undefined) throw new Mistake(`two alerts have the name ${twice}`);
    const untouched = BUILT_IN_RULES.filter(({ name }) => !names.includes(name));
    return { ok: true, value: [...untouched, ...read.flatMap(({ rule }) => rule ?? [])] };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, reason: error.message };
    throw error;
  }
}

function readRule(item: unknown, place: string): { readonly name: string; readonly rule: AlertRule | null } {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new Mistake(`${place}: it must have a name, and say what to watch`);
  }
  const fields = item as Fields;
  const name = fields.name ?? fields.watch;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]{0,31}$/.test(name) || name === 'test') {
    throw new Mistake(`${place}, name: it must be 1 to 32 of a-z, 0-9 and "-", not "test"`);
  }
  const watch = readWatch(fields, name);
  const where = `alert ${name}`;
  const keys = [...COMMON_KEYS, ...KEYS_OF[watch]];
  const strange = Object.keys(fields).find((key) => !keys.includes(key));
  if (strange !== undefined) {
    const likely = nearestName(strange.slice(0, 40), keys);
    throw new Mistake(
      `${where}: ${watch} has no key ${JSON.stringify(strange.slice(0, 40))}; is ${likely} meant?`,
    );
  }
  const at = { fields, where, watch };
  if (readTruth(at, 'off')) return { name, rule: null };
  return { name, rule: completed(name, at) };
}

function readWatch(fields: Fields, name: string): Watch {
  const builtIn = WATCHES.find((watch) => watch === name);
  const watch = fields.watch ?? builtIn;
  const known = WATCHES.find((one) => one === watch);
  if (known !== undefined && (builtIn === undefined || builtIn === known)) return known as Watch;
  if (builtIn !== undefined)
    throw new Mistake(`alert ${name}, watch: a rule of this name watches ${builtIn}`);
  throw new Mistake(`alert ${name}, watch: it must be one of ${WATCHES.join(', ')}`);
}

function completed(name: string, at: Place): AlertRule {
  const { watch } = at;
  const defaults = WATCH_DEFAULTS[watch];
  const rule: AlertRule = {
    ...defaults,
    name,
    severity: readSeverity(at) ?? defaults.severity,
    forMs: readDuration(at, 'for') ?? defaults.forMs,
    clearForMs: readDuration(at, 'clearFor') ?? defaults.clearForMs,
    limit: readLimit(at) ?? defaults.limit,
    only: readOnly(at),
    topic: readTopic(at),
    field: readField(at),
    growing: readTruth(at, 'growing'),
    each: readTruth(at, 'each'),
  };
  const wrong = (reason: string) => new Mistake(`${at.where}: ${reason}`);
  if (watch === 'topic-silent' && !(rule.forMs > 0))
    throw wrong('it needs for, such as 15m: how long nothing may come');
  if (watch === 'value' && rule.limit === null) throw wrong('it needs above or below, a number');
  if (watch === 'backlog' && rule.limit === null && !rule.growing)
    throw wrong('it needs above, a number of messages, or growing: true');
  return rule;
}

function readSeverity({ fields, where }: Place): AlertSeverity | null {
  const { severity } = fields;
  if (severity === undefined) return null;
  if (severity === 'alarm' || severity === 'warning') return severity;
  throw new Mistake(`${where}, severity: it must be alarm or warning`);
}

function readDuration({ fields, where }: Place, key: string): number | null {
  const value = fields[key];
  if (value === undefined) return null;
  const durationMs = typeof value === 'string' ? parseDurationMs(value) : value === 0 ? 0 : null;
  if (durationMs !== null && durationMs <= DURATION_MS_MAX) return durationMs;
  throw new Mistake(`${where}, ${key}: it must be a duration such as 30s, 15m or 2h, at most 31d`);
}

function readLimit(at: Place): AlertLimit | null {
  const { fields, where, watch } = at;
  const { above, below, clear } = fields;
  if (above !== undefined && below !== undefined) throw new Mistake(`${where}: above or below, not both`);
  const side = above !== undefined ? 'above' : 'below';
  const threshold = above ?? below;
  if (threshold === undefined) {
    if (clear !== undefined)
      throw new Mistake(`${where}, clear: it needs ${watch === 'backlog' ? 'above' : 'above or below'}`);
    return null;
  }
  const unit = watch !== 'disk' ? null : side === 'above' ? 'percent' : 'bytes';
  const value = readFigure(at, side, unit);
  const cleared =
    clear === undefined ? standardClear(value, { side, unit, watch }) : readFigure(at, 'clear', unit);
  if (side === 'above' ? cleared > value : cleared < value) {
    throw new Mistake(`${where}, clear: it must not be ${side} the threshold, or it would never end`);
  }
  return { side, at: value, clear: cleared, unit };
}

/** Where nothing is said: a little away from the threshold of a disk, none left of bad tags, else the threshold itself. */
function standardClear(
  at: number,
  { side, unit, watch }: Pick<AlertLimit, 'side' | 'unit'> & { readonly watch: AlertWatch },
): number {
  if (watch === 'bad-tags') return 0;
  if (unit === null) return at;
  return side === 'above' ? Math.max(0, at - 2) : at * 1.1;
}

function readFigure({ fields, where, watch }: Place, key: string, unit: AlertLimit['unit']): number {
  const value = fields[key];
  if (unit === 'bytes') {
    const bytes = typeof value === 'string' ? parseBytes(value) : value;
    if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
    throw new Mistake(`${where}, ${key}: it must be a size such as 500MB: what is free`);
  }
  if (unit === 'percent') {
    const percent =
      typeof value === 'string' ? Number(/^(\d+(?:\.\d+)?)%$/.exec(value)?.[1] ?? Number.NaN) : value;
    if (typeof percent === 'number' && percent >= 0 && percent <= 100) return percent;
    throw new Mistake(`${where}, ${key}: it must be a part of the disk such as 90%: what is used`);
  }
  if (typeof value === 'number' && Number.isFinite(value) && (watch === 'value' || value >= 0)) return value;
  throw new Mistake(`${where}, ${key}: it must be a number`);
}

function readOnly({ fields, where }: Place): readonly string[] | null {
  const { only } = fields;
  if (only === undefined) return null;
  const fits = Array.isArray(only) && only.length >= 1 && only.length <= ONLY_MAX;
  if (
    fits &&
    only.every((one) => typeof one === 'string' && one.length >= 1 && one.length <= TEXT_LENGTH_MAX)
  )
    return only;
  throw new Mistake(`${where}, only: it must be a list of 1 to ${ONLY_MAX} names`);
}

function readTopic({ fields, where, watch }: Place): string | null {
  const { topic } = fields;
  if (topic === undefined) {
    if (!KEYS_OF[watch].includes('topic')) return null;
    throw new Mistake(`${where}: it needs topic, a filter such as site/+/temp`);
  }
  if (isRuleFilter(topic)) return topic;
  throw new Mistake(`${where}, topic: it must be a filter of topics such as site/+/temp`);
}

function readField({ fields, where }: Place): string | null {
  const { field } = fields;
  if (field === undefined) return null;
  if (typeof field === 'string' && field.length <= TEXT_LENGTH_MAX && /^[^.]+(?:\.[^.]+)*$/.test(field))
    return field;
  throw new Mistake(
    `${where}, field: it must be the place of a number in a JSON payload, such as battery.volts`,
  );
}

function readTruth({ fields, where }: Place, key: string): boolean {
  const value = fields[key];
  if (value === undefined) return false;
  if (typeof value === 'boolean') return value;
  throw new Mistake(`${where}, ${key}: it must be true or false`);
}
