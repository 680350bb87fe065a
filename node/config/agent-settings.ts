import { SedgeError } from '../../src/errors/index.ts';
import type { Acknowledgement, ChannelPolicy } from '../../src/index.ts';
// Not by its index: the alerts are loaded by an agent that has rules.
import type { AlertRule } from '../alerts/alert-rule.ts';
import type { WebhookOptions } from '../alerts/webhook/webhook-options.ts';
import { nearestName } from '../cli/nearest-name.ts';
import type { LocalRights } from '../gateways/http/index.ts';
import type { BridgeOptions } from '../gateways/mqtt-bridge/index.ts';
import type { LogLevel, LogLevels } from '../log/log-levels.ts';
import { type ConfigFile, type ConfigMistake, findConfigFile } from './config-file.ts';
import type { ListenAddress } from './listen-address.ts';
import { SETTING_READERS, type SerialAck } from './setting-readers.ts';

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
  /**
   * How often each cell of the card can be written, 100 to 1,000,000: what its remaining life is estimated from.
   * @defaultValue 1,000, as for a consumer's card
   */
  readonly cardCycles?: number;
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
  /** Where MQTT clients connect; `null` for nowhere. @defaultValue 127.0.0.1:1883, where the port is free */
  readonly mqtt?: ListenAddress | null;
  /** Where MQTT clients connect over TLS; `null` for nowhere. @defaultValue `null` */
  readonly mqttTls?: ListenAddress | null;
  /** Where MQTT clients connect over WebSocket; `null` for nowhere. @defaultValue `null` */
  readonly mqttWebSocket?: ListenAddress | null;
  /** Where MQTT clients connect over WebSocket and TLS; `null` for nowhere. @defaultValue `null` */
  readonly mqttWebSocketTls?: ListenAddress | null;
  /** File with the certificate of `mqttTls` and its chain, PEM. */
  readonly mqttCert?: string;
  /** File with its key, PEM. */
  readonly mqttKey?: string;
  /** File with those who sign the certificates that clients over TLS must have, PEM. @defaultValue none is asked for */
  readonly mqttCa?: string;
  /** When a message of QoS 1 or 2 is acknowledged. @defaultValue `'durable'`: once it is on the disk here */
  readonly mqttAck?: Acknowledgement;
  /** Lets anybody who reaches an address other than this machine's loopback use MQTT. @defaultValue `false` */
  readonly mqttAnonymous?: boolean;
  /** Where the HTTP API listens; `null` for nowhere. @defaultValue 127.0.0.1:8420, where the port is free */
  readonly http?: ListenAddress | null;
  /** Where the HTTP API listens over TLS; `null` for nowhere. @defaultValue `null` */
  readonly httpTls?: ListenAddress | null;
  /** File with the certificate of `httpTls` and its chain, PEM. */
  readonly httpCert?: string;
  /** File with its key, PEM. */
  readonly httpKey?: string;
  /** Lets `http` be an address that other machines reach, without TLS. @defaultValue `false` */
  readonly httpInsecure?: boolean;
  /** What callers on this machine may do over HTTP without a token. @defaultValue `'publish'`: read and publish */
  readonly httpLocal?: LocalRights;
  /** Names under which the HTTP API is reached, beside addresses, localhost and the machine's own name. */
  readonly httpHosts?: readonly string[];
  /** Origins of web pages that may use the HTTP API from elsewhere. */
  readonly httpOrigins?: readonly string[];
  /** Bridges to outside MQTT brokers. */
  readonly bridges?: readonly BridgeOptions[];
  /** Rules for alerts; none where they are off. @defaultValue the built-in ones */
  readonly alerts?: readonly AlertRule[];
  /** Where alerts are posted to. */
  readonly alertWebhook?: readonly WebhookOptions[];
  /** Least level of a log line. @defaultValue `'info'` */
  readonly logLevel?: LogLevel;
  /** The same of a part, before `logLevel`. */
  readonly logLevels?: LogLevels;
}

/** Environment variable of each setting. */
export const SETTING_VARIABLES = Object.freeze({
  listen: 'SEDGE_LISTEN',
  peers: 'SEDGE_PEER',
  name: 'SEDGE_NAME',
  commitIntervalMs: 'SEDGE_COMMIT_INTERVAL_MS',
  retention: 'SEDGE_RETENTION',
  storageMax: 'SEDGE_STORAGE_MAX',
  cardCycles: 'SEDGE_CARD_CYCLES',
  mdns: 'SEDGE_MDNS',
  discovery: 'SEDGE_DISCOVERY',
  serial: 'SEDGE_SERIAL',
  serialAck: 'SEDGE_SERIAL_ACK',
  mqtt: 'SEDGE_MQTT',
  mqttTls: 'SEDGE_MQTT_TLS',
  mqttWebSocket: 'SEDGE_MQTT_WEBSOCKET',
  mqttWebSocketTls: 'SEDGE_MQTT_WEBSOCKET_TLS',
  mqttCert: 'SEDGE_MQTT_CERT',
  mqttKey: 'SEDGE_MQTT_KEY',
  mqttCa: 'SEDGE_MQTT_CA',
  mqttAck: 'SEDGE_MQTT_ACK',
  mqttAnonymous: 'SEDGE_MQTT_ANONYMOUS',
  http: 'SEDGE_HTTP',
  httpTls: 'SEDGE_HTTP_TLS',
  httpCert: 'SEDGE_HTTP_CERT',
  httpKey: 'SEDGE_HTTP_KEY',
  httpInsecure: 'SEDGE_HTTP_INSECURE',
  httpLocal: 'SEDGE_HTTP_LOCAL',
  httpHosts: 'SEDGE_HTTP_HOST',
  httpOrigins: 'SEDGE_HTTP_ORIGIN',
  bridges: 'SEDGE_BRIDGES',
  alerts: 'SEDGE_ALERTS',
  alertWebhook: 'SEDGE_ALERT_WEBHOOK',
  logLevel: 'SEDGE_LOG_LEVEL',
  logLevels: 'SEDGE_LOG_LEVELS',
} satisfies Record<keyof AgentSettings, string>);

/** Option of `sedge start` for each setting. */
export const SETTING_OPTIONS = Object.freeze({
  listen: '--listen',
  peers: '--peer',
  name: '--name',
  commitIntervalMs: '--commit-interval',
  retention: '--retention',
  storageMax: '--storage-max',
  cardCycles: '--card-cycles',
  mdns: '--no-mdns',
  discovery: '--no-discovery',
  serial: '--serial',
  serialAck: '--serial-ack',
  mqtt: '--mqtt',
  mqttTls: '--mqtt-tls',
  mqttWebSocket: '--mqtt-websocket',
  mqttWebSocketTls: '--mqtt-websocket-tls',
  mqttCert: '--mqtt-cert',
  mqttKey: '--mqtt-key',
  mqttCa: '--mqtt-ca',
  mqttAck: '--mqtt-ack',
  mqttAnonymous: '--mqtt-anonymous',
  http: '--http',
  httpTls: '--http-tls',
  httpCert: '--http-cert',
  httpKey: '--http-key',
  httpInsecure: '--http-insecure',
  httpLocal: '--http-local',
  httpHosts: '--http-host',
  httpOrigins: '--http-origin',
  bridges: '--bridges',
  alerts: '--alerts',
  alertWebhook: '--alert-webhook',
  logLevel: '--log-level',
  logLevels: '--log-levels',
} satisfies Record<keyof AgentSettings, string>);

type SettingKey = keyof AgentSettings;
type Environment = Readonly<Record<string, string | undefined>>;

/** Names of all settings, in the order in which they are shown. */
export const SETTING_KEYS = Object.freeze(Object.keys(SETTING_VARIABLES) as SettingKey[]);

/** The value that counts, and who says so. */
export interface EffectiveSetting {
  readonly value: unknown;
  readonly origin: 'option' | 'environment' | 'file';
  /** `FILE:LINE`, the name of the variable or of the option. */
  readonly where: string;
}

/** What all places say, right or wrong. */
export interface GatheredSettings {
  /** The configuration file; `null` if there is none. */
  readonly file: string | null;
  readonly effective: ReadonlyMap<SettingKey, EffectiveSetting>;
  /** Also of values that another place overrides. */
  readonly mistakes: readonly ConfigMistake[];
}

/**
 * Settings of an agent: command line before environment before the configuration file. Throws `cli.usage` for an
 * option and `agent.bad-config` for what stands elsewhere, with the place and the reason, also where another place
 * overrides it.
 */
export async function resolveSettings(
  directory: string,
  options: AgentSettings,
  env: Environment,
): Promise<AgentSettings> {
  const { effective, mistakes } = gather(await findConfigFile(directory), env, options);
  const [first, ...others] = mistakes;
  if (first !== undefined) throw refusal(first, others.length);
  return Object.fromEntries([...effective].map(([key, { value }]) => [key, value]));
}

/** All settings and all mistakes, for a person. Throws `agent.bad-config` if the file cannot be read at all. */
export async function gatherSettings(directory: string, env: Environment): Promise<GatheredSettings> {
  return gather(await findConfigFile(directory), env, {});
}

/** What is wrong with a configuration file alone. */
export function mistakesOf(file: ConfigFile): readonly ConfigMistake[] {
  return gather(file, {}, {}).mistakes;
}

function gather(file: ConfigFile | null, env: Environment, options: AgentSettings): GatheredSettings {
  const mistakes: ConfigMistake[] = [...(file?.mistakes ?? [])];
  const effective = new Map<SettingKey, EffectiveSetting>();
  const take = (key: SettingKey, value: unknown, place: Omit<EffectiveSetting, 'value'>, line?: number) => {
    const result = SETTING_READERS[key].check(value);
    if (result !== null) effective.set(key, { value: result.value, ...place });
    else
      mistakes.push({
        where: place.where,
        reason: SETTING_READERS[key].reasonOf?.(value) ?? SETTING_READERS[key].rule,
        key,
        ...(line ? { line } : {}),
      });
  };
  for (const { key, value, line } of file?.entries ?? []) {
    const where = `${file!.path}:${line}`;
    if (isSetting(key)) take(key, value, { origin: 'file', where }, line);
    else mistakes.push({ where, reason: unknownSetting(key), key, line });
  }
  for (const key of SETTING_KEYS) {
    const text = env[SETTING_VARIABLES[key]]?.trim();
    const where = SETTING_VARIABLES[key];
    if (text) take(key, SETTING_READERS[key].fromText(text), { origin: 'environment', where });
  }
  for (const key of SETTING_KEYS) {
    if (options[key] !== undefined) {
      take(key, options[key], { origin: 'option', where: SETTING_OPTIONS[key] });
    }
  }
  return { file: file?.path ?? null, effective, mistakes };
}

function isSetting(key: string): key is SettingKey {
  return Object.hasOwn(SETTING_VARIABLES, key);
}

function unknownSetting(key: string): string {
  return `there is no such setting; is ${nearestName(key.slice(0, 40), SETTING_KEYS)} meant? "sedge config example" has all`;
}

function refusal({ where, key, reason, line }: ConfigMistake, others: number): SedgeError {
  if (where.startsWith('--')) return new SedgeError('cli.usage', { reason: `${where}: ${reason}` });
  const place =
    line === undefined || key === undefined
      ? where
      : `${where}, ${isSetting(key) ? key : JSON.stringify(key.slice(0, 40))}`;
  const more = others > 0 ? ` (and ${others} more: "sedge config check")` : '';
  return new SedgeError('agent.bad-config', { where: place, reason: `${reason}${more}` });
}
