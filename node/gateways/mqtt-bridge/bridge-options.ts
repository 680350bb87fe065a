import { filtersMeet, imageOf, isRuleFilter, isRulePrefix, type TopicRule } from './topic-rule.ts';

/** A bridge to an outside broker, as the configuration file has it, checked. */
export interface BridgeOptions {
  /** Nodes whose bridges have the same name share the work. */
  readonly name: string;
  /** `mqtt:`, `mqtts:`, `ws:` or `wss:`, without user and password. */
  readonly url: string;
  /** 4 is MQTT 3.1.1. @defaultValue 5 */
  readonly version: 4 | 5;
  /** The same at each node. `null`: made of realm and name. */
  readonly clientId: string | null;
  readonly username: string | null;
  /** Its first line is the password; read at each connection. */
  readonly passwordFile: string | null;
  /** PEM files, read at each connection. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** From the mesh to the broker. */
  readonly out: readonly TopicRule[];
  /** From the broker into the mesh. */
  readonly in: readonly TopicRule[];
  /** Of what goes out. @defaultValue 1 */
  readonly qos: 1 | 2;
  /** @defaultValue 30 */
  readonly keepAliveSeconds: number;
}

/** What {@link readBridges} makes of a setting. */
export type BridgesReading =
  | { readonly ok: true; readonly value: readonly BridgeOptions[] }
  | { readonly ok: false; readonly reason: string };

/** Topics under this level are the bridges' own, and stay in the mesh. */
export const BRIDGES_LEVEL = 'bridges';

const BRIDGES_MAX = 16;
const RULES_MAX = 64;
const KEEP_ALIVE_SECONDS_MAX = 3_600;
const URL_LENGTH_MAX = 1_024;
const TEXT_LENGTH_MAX = 4_096;
const CLIENT_ID_LENGTH_MAX = 100;

const KEYS = Object.freeze([
  'name',
  'url',
  'version',
  'clientId',
  'username',
  'passwordFile',
  'ca',
  'cert',
  'key',
  'out',
  'in',
  'qos',
  'keepAliveSeconds',
]);

/** Thrown within this file alone. */
class Mistake extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** Reads and checks the setting `bridges`; the reason names the bridge and the key. */
export function readBridges(value: unknown): BridgesReading {
  try {
    if (!Array.isArray(value) || value.length > BRIDGES_MAX) {
      throw new Mistake(`it must be a list of at most ${BRIDGES_MAX} bridges`);
    }
    const bridges = value.map((item, index) => readBridge(item, `bridge ${index + 1}`));
    if (new Set(bridges.map(({ name }) => name)).size < bridges.length) {
      throw new Mistake('two bridges have the same name');
    }
    return { ok: true, value: bridges };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, reason: error.message };
    throw error;
  }
}

function readBridge(item: unknown, place: string): BridgeOptions {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new Mistake(`${place}: it must have a name, a url, and rules under out or in`);
  }
  const fields = item as Fields;
  const strange = Object.keys(fields).find((key) => !KEYS.includes(key));
  if (strange !== undefined) {
    const also = strange === 'password' ? ': a password stands in a file of its own, passwordFile' : '';
    throw new Mistake(`${place}: there is no key ${JSON.stringify(strange.slice(0, 40))}${also}`);
  }
  const name = fields.name;
  if (typeof name !== 'string' || !/^[a-z0-9-]{1,32}$/.test(name)) {
    throw new Mistake(`${place}, name: it must be 1 to 32 of a-z, 0-9 and "-"`);
  }
  const bridge: BridgeOptions = {
    name,
    url: readUrl(fields.url, name),
    version: readOne(fields.version, { among: [5, 4, 3.1], name, key: 'version' }) === 5 ? 5 : 4,
    clientId: readText(fields, 'clientId', name),
    username: readText(fields, 'username', name),
    passwordFile: readText(fields, 'passwordFile', name),
    ca: readText(fields, 'ca', name),
    cert: readText(fields, 'cert', name),
    key: readText(fields, 'key', name),
    out: readRules(fields, 'out', name),
    in: readRules(fields, 'in', name),
    qos: readOne(fields.qos, { among: [1, 2] as const, name, key: 'qos' }),
    keepAliveSeconds: readKeepAlive(fields.keepAliveSeconds, name),
  };
  checkTogether(bridge);
  return bridge;
}

function checkTogether(bridge: BridgeOptions): void {
  const { name } = bridge;
  const wrong = (reason: string): Mistake => new Mistake(`bridge ${name}: ${reason}`);
  if (bridge.out.length + bridge.in.length === 0) throw wrong('it has no rules under out or in');
  if (bridge.passwordFile !== null && bridge.username === null) throw wrong('a password needs a username');
  if ((bridge.cert === null) !== (bridge.key === null)) throw wrong('cert and key belong together');
  const secure = bridge.url.startsWith('mqtts:') || bridge.url.startsWith('wss:');
  if (!secure && (bridge.ca !== null || bridge.cert !== null))
    throw wrong('ca, cert and key need mqtts: or wss:');
  if ((bridge.clientId?.length ?? 0) > CLIENT_ID_LENGTH_MAX) throw wrong('clientId is longer than 100');
  const twice = bridge.in.find((rule, at) =>
    bridge.in.slice(0, at).some((other) => filtersMeet(rule.filter, other.filter)),
  );
  if (twice !== undefined)
    throw wrong(`${twice.filter} under in overlaps another filter: some brokers would send twice`);
  if (bridge.version === 5) return;
  const meets = (out: TopicRule) => bridge.in.find((rule) => filtersMeet(imageOf(out), rule.filter));
  const both = bridge.out.find((rule) => meets(rule) !== undefined);
  if (both !== undefined) {
    throw wrong(
      `what goes out by ${both.filter} would come back by ${meets(both)!.filter}: that needs version 5, or topics that differ`,
    );
  }
}

function readUrl(value: unknown, name: string): string {
  const url = typeof value === 'string' && value.length <= URL_LENGTH_MAX ? URL.parse(value) : null;
  if (url === null || !/^(?:mqtts?|wss?):$/.test(url.protocol) || url.hostname === '') {
    throw new Mistake(
      `bridge ${name}, url: it must be like mqtts://broker.example:8883, or start with mqtt, ws or wss`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new Mistake(`bridge ${name}, url: user and password go into username and passwordFile`);
  }
  return value as string;
}

function readOne<T extends number>(
  value: unknown,
  { among, name, key }: { readonly among: readonly T[]; readonly name: string; readonly key: string },
): T {
  if (value === undefined || value === null) return among[0]!;
  const found = among.find((one) => one === value);
  // 3.1.1 is no number: 4 is how MQTT itself calls it.
  if (key === 'version' && value === '3.1.1') return 4 as T;
  if (found === undefined || found === 3.1) {
    throw new Mistake(
      `bridge ${name}, ${key}: it must be ${key === 'version' ? '5 or 3.1.1' : among.join(' or ')}`,
    );
  }
  return found;
}

function readText(fields: Fields, key: string, name: string): string | null {
  const value = fields[key];
  if (value === undefined || value === null) return null;
  const fits = typeof value === 'string' && value.length >= 1 && value.length <= TEXT_LENGTH_MAX;
  if (!fits || /\p{Cc}/u.test(value)) throw new Mistake(`bridge ${name}, ${key}: it must be a text`);
  return value;
}

function readKeepAlive(value: unknown, name: string): number {
  if (value === undefined || value === null) return 30;
  if (Number.isInteger(value) && (value as number) >= 5 && (value as number) <= KEEP_ALIVE_SECONDS_MAX) {
    return value as number;
  }
  throw new Mistake(
    `bridge ${name}, keepAliveSeconds: it must be a whole number from 5 to ${KEEP_ALIVE_SECONDS_MAX}`,
  );
}

function readRules(fields: Fields, direction: 'out' | 'in', name: string): readonly TopicRule[] {
  const value = fields[direction];
  if (value === undefined || value === null) return [];
  const where = `bridge ${name}, ${direction}`;
  if (!Array.isArray(value) || value.length > RULES_MAX) {
    throw new Mistake(`${where}: it must be a list of at most ${RULES_MAX} rules, each with a filter`);
  }
  return value.map((item: unknown) => readRule(item, direction, where));
}

function readRule(item: unknown, direction: 'out' | 'in', where: string): TopicRule {
  const fields = (typeof item === 'object' && item !== null ? item : {}) as Fields;
  const { filter, to = null, ...rest } = fields;
  if (!isRuleFilter(filter) || Object.keys(rest).length > 0) {
    throw new Mistake(
      `${where}: each rule has a filter such as site/#, and a "to" if the beginning is to change`,
    );
  }
  if (to !== null && !isRulePrefix(to))
    throw new Mistake(`${where}, ${filter}: "to" must be the beginning of a topic`);
  // One slash at its end says nothing that its absence does not.
  const rule = { filter, to: to === null ? null : String(to).replace(/\/$/, '') };
  const inMesh = direction === 'out' ? filter : imageOf(rule);
  if (inMesh === BRIDGES_LEVEL || inMesh.startsWith(`${BRIDGES_LEVEL}/`)) {
    throw new Mistake(`${where}, ${filter}: topics under ${BRIDGES_LEVEL}/ are the bridges' own`);
  }
  return rule;
}
