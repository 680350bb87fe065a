import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SedgeError } from '../../src/errors/index.ts';
import type { ChannelPolicy } from '../../src/index.ts';
import { type LogLevel, SETTING_READERS, type SerialAck } from './setting-readers.ts';

/** Name of the optional configuration file in the directory of a node. */
export const CONFIG_FILE = 'config.json';

/** How an agent is to run. What is absent has the mesh's default. */
export interface AgentSettings {
  /** Multiaddrs to listen on. @defaultValue the first free of TCP ports 7600 to 7619 on all addresses */
  readonly listen?: readonly string[];
  /** Multiaddrs of peers to keep connected for ever. */
  readonly peers?: readonly string[];
  /** Name of the node, 1 to 64 characters. @defaultValue the one that the realm knows, else the host's */
  readonly name?: string;
  /** Milliseconds over which fsyncs are grouped, 0 to 60,000. */
  readonly commitIntervalMs?: number;
  /** What this node keeps of a channel, by its name; before what the realm says. */
  readonly retention?: Readonly<Record<string, ChannelPolicy>>;
  /**
   * Bytes that all channels together may take; `null` for no limit. @defaultValue a tenth of the disk, at most 4 GiB
   */
  readonly storageMax?: number | null;
  /** Finds peers on the local network. @defaultValue `true` */
  readonly mdns?: boolean;
  /** Connects to peers beyond those given. @defaultValue `true` */
  readonly discovery?: boolean;
  /** Serial ports with devices, as `PORT[:BAUD]`, `tcp://HOST:PORT` or `auto`. */
  readonly serial?: readonly string[];
  /**
   * When a device is told that a reading is taken: once it is on the disk here, or in memory. @defaultValue `'durable'`
   */
  readonly serialAck?: SerialAck;
  /** Least level of a log line. @defaultValue `'info'` */
  readonly logLevel?: LogLevel;
}

/** Environment variable of each setting. */
export const SETTING_VARIABLES = Object.freeze({
  listen: 'SEDGE_LISTEN',
  peers: 'SEDGE_PEER',
  name: 'SEDGE_NAME',
  commitIntervalMs: 'SEDGE_COMMIT_INTERVAL_MS',
  retention: 'SEDGE_RETENTION',
  storageMax: 'SEDGE_STORAGE_MAX',
  mdns: 'SEDGE_MDNS',
  discovery: 'SEDGE_DISCOVERY',
  serial: 'SEDGE_SERIAL',
  serialAck: 'SEDGE_SERIAL_ACK',
  logLevel: 'SEDGE_LOG_LEVEL',
} satisfies Record<keyof AgentSettings, string>);

/** Option of `sedge start` for each setting. */
const SETTING_OPTIONS = Object.freeze({
  listen: '--listen',
  peers: '--peer',
  name: '--name',
  commitIntervalMs: '--commit-interval',
  retention: '--retention',
  storageMax: '--storage-max',
  mdns: '--no-mdns',
  discovery: '--no-discovery',
  serial: '--serial',
  serialAck: '--serial-ack',
  logLevel: '--log-level',
} satisfies Record<keyof AgentSettings, string>);

/** Largest configuration file. */
const CONFIG_BYTES_MAX = 1_048_576;

const KEYS = Object.keys(SETTING_VARIABLES) as (keyof AgentSettings)[];

/**
 * Settings of an agent: command line before environment before `config.json`. Throws `cli.usage` for an option and
 * `agent.bad-config` for what stands elsewhere, with the place and the reason, also where another place overrides it.
 */
export function resolveSettings(
  directory: string,
  options: AgentSettings,
  env: Readonly<Record<string, string | undefined>>,
): AgentSettings {
  return { ...fromFile(directory), ...fromEnvironment(env), ...fromOptions(options) };
}

function fromOptions(options: AgentSettings): AgentSettings {
  return readAll(options as Record<string, unknown>, (key, rule) => {
    return new SedgeError('cli.usage', { reason: `${SETTING_OPTIONS[key]}: ${rule}` });
  });
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): AgentSettings {
  const values: Record<string, unknown> = {};
  for (const key of KEYS) {
    const text = env[SETTING_VARIABLES[key]];
    if (text !== undefined && text.trim() !== '') values[key] = SETTING_READERS[key].fromText(text.trim());
  }
  return readAll(values, (key, rule) => bad(SETTING_VARIABLES[key], rule));
}

function fromFile(directory: string): AgentSettings {
  const path = join(directory, CONFIG_FILE);
  const json = readConfig(path);
  if (json === null) return {};
  if (typeof json !== 'object' || Array.isArray(json)) throw bad(path, 'it must hold a JSON object');
  const unknown = Object.keys(json).find((key) => !Object.hasOwn(SETTING_VARIABLES, key));
  if (unknown !== undefined) {
    throw bad(path, `unknown setting ${JSON.stringify(unknown.slice(0, 40))}; known are ${KEYS.join(', ')}`);
  }
  return readAll(json as Record<string, unknown>, (key, rule) => bad(`${path}, ${key}`, rule));
}

function readConfig(path: string): object | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: unknown };
    // A directory that is none is told of where it is used.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw bad(path, 'it cannot be read', error);
  }
  if (text.length > CONFIG_BYTES_MAX) throw bad(path, 'it is larger than 1 MiB');
  try {
    return JSON.parse(text) as object;
  } catch (error) {
    throw bad(path, error instanceof Error ? error.message : 'it is not JSON', error);
  }
}

function readAll(
  values: Record<string, unknown>,
  refusal: (key: keyof AgentSettings, rule: string) => SedgeError,
): AgentSettings {
  const settings: Record<string, unknown> = {};
  for (const key of KEYS) {
    if (values[key] === undefined) continue;
    const result = SETTING_READERS[key].check(values[key]);
    if (result === null) throw refusal(key, SETTING_READERS[key].rule);
    settings[key] = result.value;
  }
  return settings as AgentSettings;
}

function bad(place: string, reason: string, cause?: unknown): SedgeError {
  return new SedgeError('agent.bad-config', { where: place, reason }, { cause });
}
