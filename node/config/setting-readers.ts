import { isIP } from 'node:net';
// Not by its index: the bridge is loaded by an agent that has a port.
import { PORT_RULE, parsePortAddress } from '../../firmware-bridge/host/transport/port-address.ts';
import type { ChannelPolicy } from '../../src/index.ts';
import { readAlerts } from '../alerts/alert-options.ts';
import { readWebhooks } from '../alerts/webhook/webhook-options.ts';
import { parseAcknowledgement } from '../control/acknowledgement-wish.ts';
import type { LocalRights } from '../gateways/http/index.ts';
// Not by its index: the bridge is loaded by an agent that has one.
import { readBridges } from '../gateways/mqtt-bridge/bridge-options.ts';
import { LOG_LEVELS, type LogLevel, readLogLevels } from '../log/log-levels.ts';
import type { AgentSettings } from './agent-settings.ts';
import { KEEP_RULE, parseBytes, parseKeep } from './keep-text.ts';
import { type ListenAddress, parseListenAddress } from './listen-address.ts';

/** When a device may forget a reading. */
export const SERIAL_ACKS = Object.freeze(['durable', 'accepted'] as const);

/** One of {@link SERIAL_ACKS}. */
export type SerialAck = (typeof SERIAL_ACKS)[number];

/** How the values of a setting are read and checked. */
interface SettingReader<T> {
  /** What a value must be, for people. */
  readonly rule: string;
  /** What is wrong with a value, where a rule alone would leave a person searching. */
  readonly reasonOf?: (value: unknown) => string | undefined;
  /** The checked value; `null` if it breaks the rule. */
  readonly check: (value: unknown) => { readonly value: T } | null;
  /** A value of the environment in the shape that the file would have. */
  readonly fromText: (text: string) => unknown;
}

/** `$realm` is not among them: it is never dropped. */
const CHANNEL_NAME = /^[a-z0-9-]{1,64}$/;
const ADDRESSES_MAX = 64;
/** As the mesh has it. */
const REPLICAS_MAX = 64;
const COMMIT_INTERVAL_MS_MAX = 60_000;
const CARD_CYCLES_LEAST = 100;
const CARD_CYCLES_MOST = 1_000_000;
const STORAGE_MAX_LEAST = 1_048_576;
const STORAGE_MAX_LEAST_TEXT = '1MiB';

/** What callers of the HTTP API at loopback may be allowed without a token. */
const LOCAL_RIGHTS = Object.freeze(['publish', 'read', 'none'] as const satisfies readonly LocalRights[]);

/** One reader a setting. */
export const SETTING_READERS: {
  readonly [K in keyof Required<AgentSettings>]: SettingReader<Required<AgentSettings>[K]>;
} = Object.freeze({
  listen: addresses(isListenAddress, 'TCP addresses of this machine such as /ip4/0.0.0.0/tcp/7600'),
  peers: addresses(isMultiaddr, 'multiaddrs such as /ip4/192.168.1.5/tcp/7600'),
  name: {
    rule: 'it must be a text of 1 to 64 characters, none of them a control character',
    check: (value) => (typeof value === 'string' && /^\P{Cc}{1,64}$/u.test(value) ? { value } : null),
    fromText: (text) => text,
  },
  commitIntervalMs: {
    rule: `it must be a whole number from 0 to ${COMMIT_INTERVAL_MS_MAX}`,
    check: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= COMMIT_INTERVAL_MS_MAX
        ? { value }
        : null,
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  },
  retention: {
    rule: `it must name channels and what is kept of each, as main=7d,2GB: ${KEEP_RULE}`,
    check: (value) => {
      const retention = readRetention(value);
      return retention === null ? null : { value: retention };
    },
    fromText: (text) => text.split(/[\s;]+/),
  },
  storageMax: {
    rule: `it must be a size of at least ${STORAGE_MAX_LEAST_TEXT}, such as 10GB, or none`,
    check: (value) => {
      if (value === 'none' || value === null) return { value: null };
      const bytes = typeof value === 'string' ? parseBytes(value) : value;
      const fits = typeof bytes === 'number' && Number.isInteger(bytes) && bytes >= STORAGE_MAX_LEAST;
      return fits ? { value: bytes } : null;
    },
    fromText: (text) => text,
  },
  cardCycles: {
    rule: `it must be a whole number from ${CARD_CYCLES_LEAST} to ${CARD_CYCLES_MOST}`,
    check: (value) =>
      typeof value === 'number' &&
      Number.isInteger(value) &&
      value >= CARD_CYCLES_LEAST &&
      value <= CARD_CYCLES_MOST
        ? { value }
        : null,
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  },
  mdns: truth(),
  discovery: truth(),
  serial: addresses(isPort, `ports, each ${PORT_RULE}`),
  serialAck: {
    rule: `it must be ${SERIAL_ACKS.join(' or ')}`,
    check: (value) => (SERIAL_ACKS.includes(value as SerialAck) ? { value: value as SerialAck } : null),
    fromText: (text) => text,
  },
  mqtt: listenAddress(),
  mqttTls: listenAddress(),
  mqttWebSocket: listenAddress(),
  mqttWebSocketTls: listenAddress(),
  mqttCert: file(),
  mqttKey: file(),
  mqttCa: file(),
  mqttAck: {
    rule: `it must be durable, accepted or replicas:N with N from 1 to ${REPLICAS_MAX}`,
    check: (value) => {
      const ack = typeof value === 'string' ? parseAcknowledgement(value) : null;
      const fits =
        ack !== null && (typeof ack === 'string' || (ack.replicas >= 1 && ack.replicas <= REPLICAS_MAX));
      return fits ? { value: ack } : null;
    },
    fromText: (text) => text,
  },
  mqttAnonymous: truth(),
  http: listenAddress('127.0.0.1:8420'),
  httpTls: listenAddress('0.0.0.0:8443'),
  httpCert: file(),
  httpKey: file(),
  httpInsecure: truth(),
  httpLocal: {
    rule: `it must be ${LOCAL_RIGHTS.join(', ')}`,
    check: (value) => (LOCAL_RIGHTS.includes(value as LocalRights) ? { value: value as LocalRights } : null),
    fromText: (text) => text,
  },
  httpHosts: texts(/^[a-z0-9.-]{1,253}$/i, 'names such as farm.example, without a port'),
  httpOrigins: texts(/^https?:\/\/[a-z0-9.:[\]-]{1,300}$/i, 'origins such as https://panel.example'),
  bridges: {
    rule: 'it must be a list of bridges; docs/mqtt-bridge.md has samples',
    reasonOf: (value) => {
      const read = readBridges(value);
      return read.ok ? undefined : read.reason;
    },
    check: (value) => {
      const read = readBridges(value);
      return read.ok ? { value: read.value } : null;
    },
    fromText: jsonOrText,
  },
  alerts: {
    rule: 'it must be off, or a list of rules; docs/alerts.md has samples',
    reasonOf: (value) => reasonOf(readAlerts(value)),
    check: (value) => valueIn(readAlerts(value)),
    fromText: jsonOrText,
  },
  alertWebhook: {
    rule: 'it must be a URL such as https://alerts.example/hook, or a list; docs/alerts.md has samples',
    reasonOf: (value) => reasonOf(readWebhooks(value)),
    check: (value) => valueIn(readWebhooks(value)),
    fromText: jsonOrText,
  },
  logLevel: {
    rule: `it must be one of ${LOG_LEVELS.join(', ')}`,
    check: (value) => (LOG_LEVELS.includes(value as LogLevel) ? { value: value as LogLevel } : null),
    fromText: (text) => text,
  },
  logLevels: {
    rule: 'it must say parts and their levels, such as sync=debug',
    reasonOf: (value) => reasonOf(readLogLevels(value)),
    check: (value) => valueIn(readLogLevels(value)),
    fromText: (text) => text.split(/[\s,;]+/),
  },
});

type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

function reasonOf(reading: Reading<unknown>): string | undefined {
  return reading.ok ? undefined : reading.reason;
}

function valueIn<T>(reading: Reading<T>): { readonly value: T } | null {
  return reading.ok ? { value: reading.value } : null;
}

/** From `["main=7d,2GB"]` or `{"main": "7d,2GB"}`. */
function readRetention(value: unknown): Record<string, ChannelPolicy> | null {
  if (typeof value !== 'object' || value === null) return null;
  const pairs: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((text) => {
        const [name = '', ...keep] = String(text).split('=');
        return [name, keep.join('=')];
      })
    : Object.entries(value);
  const retention: Record<string, ChannelPolicy> = {};
  for (const [name, keep] of pairs) {
    const policy = typeof keep === 'string' ? parseKeep(keep) : null;
    if (!CHANNEL_NAME.test(name) || policy === null) return null;
    retention[name] = policy;
  }
  return retention;
}

function addresses(
  isAddress: (value: unknown) => value is string,
  what: string,
): SettingReader<readonly string[]> {
  return {
    rule: `it must be 1 to ${ADDRESSES_MAX} ${what}`,
    check: (value) => {
      const isList = Array.isArray(value) && value.length >= 1 && value.length <= ADDRESSES_MAX;
      return isList && value.every(isAddress) ? { value } : null;
    },
    fromText: (text) => text.split(/[\s,]+/),
  };
}

/** Some texts of a form; a single one may stand alone. */
function texts(form: RegExp, what: string): SettingReader<readonly string[]> {
  return {
    rule: `it must be 1 to ${ADDRESSES_MAX} ${what}`,
    check: (value) => {
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      const fits = list.length >= 1 && list.length <= ADDRESSES_MAX;
      const isText = (one: unknown): one is string => typeof one === 'string' && form.test(one);
      return fits && list.every(isText) ? { value: list } : null;
    },
    fromText: (text) => text.split(/[\s,]+/),
  };
}

/** An address of this machine and a port, 0 for any. */
function isListenAddress(value: unknown): value is string {
  const [, host, port] = /^\/(ip4\/[^/]+|ip6\/[^/]+)\/tcp\/(\d{1,5})$/.exec(String(value)) ?? [];
  if (host === undefined || Number(port) > 65_535) return false;
  return isIP(host.slice('ip4/'.length)) === Number(host[2]);
}

/** Its form only: what can be dialled is the overlay's to say. */
function isMultiaddr(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 512 && /^(?:\/[^/\s]+)+$/.test(value);
}

function isPort(value: unknown): value is string {
  try {
    return parsePortAddress(String(value)) !== null && typeof value === 'string';
  } catch {
    return false;
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function listenAddress(sample = '127.0.0.1:1883'): SettingReader<ListenAddress | null> {
  return {
    rule: `it must be a port, an address with a port such as ${sample}, or off`,
    check: (value) => {
      if (value === 'off' || value === null) return { value: null };
      const address = parseListenAddress(value);
      return address === null ? null : { value: address };
    },
    fromText: (text) => text,
  };
}

/** The name of a file; whether it is there is found out where it is read. */
function file(): SettingReader<string> {
  return {
    rule: 'it must be the name of a file',
    check: (value) => (typeof value === 'string' && /^[^\0]{1,4096}$/.test(value) ? { value } : null),
    fromText: (text) => text,
  };
}

function truth(): SettingReader<boolean> {
  return {
    rule: 'it must be true or false',
    check: (value) => (typeof value === 'boolean' ? { value } : null),
    fromText: (text) => {
      if (/^(?:1|true|yes|on)$/i.test(text)) return true;
      return /^(?:0|false|no|off)$/i.test(text) ? false : text;
    },
  };
}
