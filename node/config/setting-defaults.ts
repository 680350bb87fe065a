import type { Acknowledgement, ChannelPolicy } from '../../src/index.ts';
import type { AlertRule } from '../alerts/alert-rule.ts';
import type { WebhookOptions } from '../alerts/webhook/webhook-options.ts';
import { formatAcknowledgement } from '../control/acknowledgement-wish.ts';
import type { BridgeOptions } from '../gateways/mqtt-bridge/index.ts';
import type { LogLevels } from '../log/log-levels.ts';
import type { AgentSettings } from './agent-settings.ts';
import { formatKeep } from './keep-text.ts';
import { formatListenAddress, type ListenAddress } from './listen-address.ts';

/** What a setting is for, what holds where nothing is said, and how it is written in a configuration file. */
export interface SettingText {
  readonly purpose: string;
  /** For people. */
  readonly byDefault: string;
  /** Lines of YAML. */
  readonly example: string;
}

/** One text a setting. */
export const SETTING_TEXTS: Readonly<Record<keyof AgentSettings, SettingText>> = Object.freeze({
  listen: {
    purpose: 'addresses to listen on',
    byDefault: 'the first free TCP port of 7600 to 7619',
    example: 'listen: [/ip4/0.0.0.0/tcp/7600]',
  },
  peers: {
    purpose: 'peers to keep connected, beside those of the invitation',
    byDefault: 'those of the invitation',
    example: 'peers: [/dns4/hub.example/tcp/7600]',
  },
  name: {
    purpose: 'name of this node where it makes a new realm; a node that joined keeps the name of its grant',
    byDefault: "the realm's, else this machine's",
    example: 'name: greenhouse',
  },
  commitIntervalMs: {
    purpose: 'group writes to the disk over so many ms: fewer bytes on the card, later acknowledgements',
    byDefault: '0',
    example: 'commitIntervalMs: 200',
  },
  retention: {
    purpose: 'what this node keeps of a channel, before what the realm says',
    byDefault: 'what the realm says',
    example: 'retention:\n  main: 7d,2GB',
  },
  storageMax: {
    purpose: 'what all channels together may take, or none',
    byDefault: 'a tenth of the file system, at most 4 GiB',
    example: 'storageMax: 2GB',
  },
  cardCycles: {
    purpose: 'how often each cell of the card can be written: its life is estimated from it',
    byDefault: "1000, as for a consumer's card",
    example: 'cardCycles: 3000',
  },
  mdns: { purpose: 'find peers on the local network', byDefault: 'true', example: 'mdns: false' },
  discovery: {
    purpose: 'connect to peers beyond those given',
    byDefault: 'true',
    example: 'discovery: false',
  },
  serial: {
    purpose: 'serial ports with devices: PORT[:BAUD], tcp://HOST:PORT, or auto',
    byDefault: 'none',
    example: 'serial: [/dev/ttyUSB0]',
  },
  serialAck: {
    purpose: 'when a device may forget a reading: durable (on the disk here) or accepted',
    byDefault: 'durable',
    example: 'serialAck: accepted',
  },
  mqtt: {
    purpose: 'where MQTT clients connect: a port of this machine alone, an address with a port, or off',
    byDefault: '127.0.0.1:1883, where that is free',
    example: 'mqtt: 1883',
  },
  mqttTls: {
    purpose: 'the same over TLS; it needs mqttCert and mqttKey',
    byDefault: 'off',
    example: 'mqttTls: 0.0.0.0:8883',
  },
  mqttWebSocket: {
    purpose: 'the same over WebSocket',
    byDefault: 'off',
    example: 'mqttWebSocket: 9001',
  },
  mqttWebSocketTls: {
    purpose: 'where MQTT clients connect over WebSocket and TLS; it needs mqttCert and mqttKey',
    byDefault: 'off',
    example: 'mqttWebSocketTls: 0.0.0.0:9443',
  },
  mqttCert: {
    purpose: 'certificate of mqttTls with its chain, PEM; read again when it changes',
    byDefault: 'none',
    example: 'mqttCert: /etc/sedge/mqtt.crt',
  },
  mqttKey: { purpose: 'its key, PEM', byDefault: 'none', example: 'mqttKey: /etc/sedge/mqtt.key' },
  mqttCa: {
    purpose: 'who signs the certificates that clients over TLS must have, PEM; the name in one is the user',
    byDefault: 'none: no certificate is asked for',
    example: 'mqttCa: /etc/sedge/mqtt-ca.crt',
  },
  mqttAck: {
    purpose:
      'when a message of QoS 1 or 2 is acknowledged: durable (on the disk here), accepted or replicas:N (on N other disks too)',
    byDefault: 'durable',
    example: 'mqttAck: replicas:1',
  },
  mqttAnonymous: {
    purpose: 'let MQTT clients in without a user, on an address that other machines reach too',
    byDefault: 'false',
    example: 'mqttAnonymous: true',
  },
  http: {
    purpose: 'where the HTTP API listens: a port of this machine alone, an address with a port, or off',
    byDefault: '127.0.0.1:8420, where that is free',
    example: 'http: 8420',
  },
  httpTls: {
    purpose: 'the same over TLS; it needs httpCert and httpKey',
    byDefault: 'off',
    example: 'httpTls: 0.0.0.0:8443',
  },
  httpCert: {
    purpose: 'certificate of httpTls with its chain, PEM; read again when it changes',
    byDefault: 'none',
    example: 'httpCert: /etc/sedge/http.crt',
  },
  httpKey: { purpose: 'its key, PEM', byDefault: 'none', example: 'httpKey: /etc/sedge/http.key' },
  httpInsecure: {
    purpose:
      'let http be an address that other machines reach, without TLS: tokens cross the network as they are',
    byDefault: 'false',
    example: 'httpInsecure: true',
  },
  httpLocal: {
    purpose:
      'what programs on this machine may do over HTTP without a token: publish (and read), read or none',
    byDefault: 'publish',
    example: 'httpLocal: none',
  },
  httpHosts: {
    purpose:
      'names under which the HTTP API is reached, beside addresses, localhost and the name of this machine',
    byDefault: 'none',
    example: 'httpHosts: [farm.example]',
  },
  httpOrigins: {
    purpose: 'origins of web pages that may use the HTTP API from elsewhere (CORS)',
    byDefault: 'none',
    example: 'httpOrigins: [https://panel.example]',
  },
  bridges: {
    purpose:
      'bridges to outside MQTT brokers, the same at each node that may carry them; see docs/mqtt-bridge.md',
    byDefault: 'none',
    example: [
      'bridges:',
      '  - name: cloud',
      '    url: mqtts://broker.example:8883',
      '    username: farm',
      '    passwordFile: /etc/sedge/cloud.password',
      '    out: [{ filter: site/#, to: farm/1 }]',
      '    in: [{ filter: commands/#, to: site/commands }]',
    ].join('\n'),
  },
  alerts: {
    purpose: 'rules for alerts beside the built-in ones, or off; see docs/alerts.md',
    byDefault: 'peer-silent, disk, clock, fork and bad-tags',
    example: [
      'alerts:',
      '  - { name: peer-silent, for: 1h }',
      '  - { name: no-news, watch: topic-silent, topic: site/#, for: 30m }',
      '  - { name: cold-store, watch: value, topic: site/store/temp, above: 8, clear: 7, for: 5m, severity: alarm }',
    ].join('\n'),
  },
  alertWebhook: {
    purpose: 'where alerts are posted to as JSON; see docs/alerts.md',
    byDefault: 'nowhere',
    example: 'alertWebhook: { url: https://alerts.example/hook, secretFile: /etc/sedge/webhook.secret }',
  },
  logLevel: { purpose: 'least level of a log line', byDefault: 'info', example: 'logLevel: debug' },
  logLevels: {
    purpose: 'the same of a part, before logLevel; see docs/logs.md',
    byDefault: 'logLevel',
    example: 'logLevels: { sync: debug, mqtt: warn }',
  },
});

function isListenAddress(key: keyof AgentSettings): boolean {
  return ['mqtt', 'mqttTls', 'mqttWebSocket', 'mqttWebSocketTls', 'http', 'httpTls'].includes(key);
}

/** A setting's value for people, as a configuration file would have it on one line. */
export function settingText(key: keyof AgentSettings, value: unknown): string {
  if (value === null) return isListenAddress(key) ? 'off' : 'none';
  if (key === 'retention') {
    const keeps = Object.entries(value as Record<string, ChannelPolicy>);
    return keeps.map(([channel, policy]) => `${channel}=${formatKeep(policy)}`).join(' ');
  }
  if (key === 'bridges') {
    const bridges = value as readonly BridgeOptions[];
    return bridges.length === 0 ? 'none' : bridges.map(({ name, url }) => `${name} (${url})`).join(' ');
  }
  if (key === 'logLevels') {
    return Object.entries(value as LogLevels)
      .map(([part, level]) => `${part}=${level}`)
      .join(' ');
  }
  if (key === 'alerts') {
    const rules = value as readonly AlertRule[];
    return rules.length === 0 ? 'off' : rules.map(({ name }) => name).join(' ');
  }
  if (key === 'alertWebhook') {
    const webhooks = value as readonly WebhookOptions[];
    // As in a report: what makes it secret stands behind.
    return webhooks.map(({ url }) => new URL(url).origin).join(' ');
  }
  if (key === 'mqttAck') return formatAcknowledgement(value as Acknowledgement);
  if (isListenAddress(key)) return formatListenAddress(value as ListenAddress);
  return Array.isArray(value) ? value.join(' ') : String(value);
}
