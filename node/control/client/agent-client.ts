import type {
  ChannelPolicy,
  ChannelStatus,
  ExportOptions,
  ForkStatus,
  GapStatus,
  Holders,
  HoldersOptions,
  ImportCounts,
  ImportSummary,
  LogStatus,
  MeshStatus,
  MessageName,
  NodeId,
  PeerStatus,
  Published,
  PublishOptions,
  RealmStatus,
  SubscribeOptions,
} from '../../../src/index.ts';
import type { Alert, AlertReport, AlertTest } from '../../alerts/index.ts';
import type { MqttClientStatus, MqttStatus } from '../../gateways/mqtt/index.ts';
import type { BridgeStatus } from '../../gateways/mqtt-bridge/index.ts';
import type { TelemetrySnapshot } from '../../telemetry/index.ts';
import { payloadToJson } from '../message-json.ts';
import { originToJson } from '../origin-json.ts';
import type {
  DeviceDraft,
  DeviceName,
  DeviceStatus,
  MonitorEvent,
  PortStatus,
  ProvisionOptions,
} from '../served-devices.ts';
import { AgentExport } from './agent-export.ts';
import { AgentPublisher, type PublisherOptions } from './agent-publisher.ts';
import { AgentSubscription } from './agent-subscription.ts';
import { ControlConnection } from './control-connection.ts';
import { type MonitorOptions, monitorLines } from './monitor-lines.ts';
import { sendBundle } from './send-bundle.ts';

/** Which agent to talk to. */
export interface AgentClientOptions {
  /** The node's directory, as given to `sedge start --dir`. */
  readonly directory: string;
}

/** The MQTT gateway in a line. */
export interface MqttFacts {
  /** Where clients connect; empty if the port was taken. */
  readonly listening: readonly string[];
  readonly connections: number;
  readonly sessions: number;
  /** Connections turned away since the start. */
  readonly refused: number;
}

/** The agent's process, as `status` tells of it. */
export interface AgentFacts {
  readonly version: string;
  readonly nodeVersion: string;
  readonly pid: number;
  readonly directory: string;
  readonly residentBytes: number;
  readonly startedAtMs: number;
  /** Serial ports of its settings. */
  readonly serial: readonly string[];
  /** `null` where it is off; absent for an agent before 0.3. */
  readonly mqtt?: MqttFacts | null;
  /** Where the HTTP API is, as URLs; empty where another program has its port, `null` where it is off. */
  readonly http?: readonly string[] | null;
  /** `null` where they are off; absent for an agent before 0.4. */
  readonly alerts?: { readonly firing: number; readonly unacknowledged: number } | null;
}

interface LogLevelsAnswer {
  readonly levels: Readonly<Record<string, string>>;
}

/** Who acknowledges an alert. */
export interface AlertWord {
  /** At most 64 characters. */
  readonly by: string;
  /** At most 500 characters. */
  readonly note?: string;
}

/** The node at a glance, and the process it runs in. */
export type AgentStatus = MeshStatus & { readonly agent: AgentFacts };

/** The MQTT gateway at a glance, and its sessions. */
export type MqttReport = MqttStatus & { readonly clients: readonly MqttClientStatus[] };

/** What an invitation asks for. */
export interface InviteOptions {
  readonly expiresInSeconds?: number;
  readonly uses?: number;
  readonly role?: 'member' | 'admin';
}

/**
 * A client of a running agent, over the control socket in its directory. It needs nothing but Node's own
 * modules. Every method throws the agent's errors with their codes, `agent.not-running` where no agent answers
 * and `agent.disconnected` where one stopped answering.
 */
export class AgentClient {
  readonly #connection: ControlConnection;

  constructor(options: AgentClientOptions) {
    this.#connection = new ControlConnection(options.directory);
  }

  /** Publishes one message; resolves at its acknowledgement. For many, {@link publisher} is far faster. */
  async publish(
    topic: string,
    payload: Uint8Array | string,
    { origin, ...options }: PublishOptions = {},
  ): Promise<Published> {
    const body = typeof payload === 'string' ? { payload } : payloadToJson(payload);
    const from = origin === undefined ? {} : { origin: originToJson(origin) };
    const message = { topic, ...body, ...options, ...from };
    return (await this.#connection.call('POST', '/v1/publish', message)) as Published;
  }

  /** Opens a stream that publishes many messages in order. */
  publisher(options: PublisherOptions = {}): AgentPublisher {
    return new AgentPublisher(this.#connection, options);
  }

  /** Subscribes; await its `opened()` to be sure that what is published next is seen. */
  subscribe(filters: string | readonly string[], options: SubscribeOptions = {}): AgentSubscription {
    return new AgentSubscription(
      this.#connection,
      typeof filters === 'string' ? [filters] : filters,
      options,
    );
  }

  /** A bundle of what the node holds; its chunks come as the agent writes them. */
  exportBundle(options: ExportOptions = {}): AgentExport {
    return new AgentExport(this.#connection, options);
  }

  /**
   * Has the agent take in a bundle; resolves when that is on its disk. Throws `bundle.not-a-bundle`,
   * `bundle.version` and `bundle.other-realm`. Harmless to repeat.
   */
  importBundle(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    onProgress?: (progress: ImportCounts) => void,
  ): Promise<ImportSummary> {
    return sendBundle(this.#connection, source, onProgress);
  }

  /** The node at a glance. */
  async status(): Promise<AgentStatus> {
    return (await this.#connection.call('GET', '/v1/status')) as AgentStatus;
  }

  /** Peers, and how far they are in step. */
  async peers(): Promise<readonly PeerStatus[]> {
    return ((await this.#connection.call('GET', '/v1/peers')) as { peers: PeerStatus[] }).peers;
  }

  /** Channels as the node holds them. */
  async channels(): Promise<readonly ChannelStatus[]> {
    return ((await this.#connection.call('GET', '/v1/channels')) as { channels: ChannelStatus[] }).channels;
  }

  /** The MQTT gateway and its clients. */
  async mqtt(): Promise<MqttReport> {
    return (await this.#connection.call('GET', '/v1/mqtt')) as MqttReport;
  }

  /** Bridges to outside MQTT brokers. */
  async bridges(): Promise<readonly BridgeStatus[]> {
    return ((await this.#connection.call('GET', '/v1/bridges')) as { bridges: BridgeStatus[] }).bridges;
  }

  /** The agent's figures now: rates, disk, card, memory, what peers lack. */
  async telemetry(): Promise<TelemetrySnapshot> {
    return (await this.#connection.call('GET', '/v1/telemetry')) as TelemetrySnapshot;
  }

  /** Alerts of the node, and those of others that it has heard of. */
  async alerts(): Promise<AlertReport> {
    return (await this.#connection.call('GET', '/v1/alerts')) as AlertReport;
  }

  /** Says that an alert was seen, by whom. Throws `alert.unknown` and `alert.not-firing`. */
  async acknowledgeAlert(id: string, { by, note }: AlertWord): Promise<Alert> {
    const word = { id, by, ...(note === undefined ? {} : { note }) };
    return (await this.#connection.call('POST', '/v1/alerts/acknowledge', word)) as Alert;
  }

  /** Sends a test alert all the ways of a real one. */
  async testAlert(): Promise<AlertTest> {
    return (await this.#connection.call('POST', '/v1/alerts/test', {})) as AlertTest;
  }

  /** The level of each part's log lines. */
  async logLevels(): Promise<Readonly<Record<string, string>>> {
    return ((await this.#connection.call('GET', '/v1/log-levels')) as LogLevelsAnswer).levels;
  }

  /** Changes levels until the agent ends, of parts or of `all`; resolves with how they are then. */
  async setLogLevels(levels: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    return ((await this.#connection.call('POST', '/v1/log-levels', { levels })) as LogLevelsAnswer).levels;
  }

  /** Logs as the node holds them. */
  async logs(): Promise<readonly LogStatus[]> {
    return ((await this.#connection.call('GET', '/v1/logs')) as { logs: LogStatus[] }).logs;
  }

  /** Messages known to exist and not held. */
  async gaps(): Promise<readonly GapStatus[]> {
    return ((await this.#connection.call('GET', '/v1/gaps')) as { gaps: GapStatus[] }).gaps;
  }

  /** Epochs that ended in a fork: their author's key was used twice. */
  async forks(): Promise<readonly ForkStatus[]> {
    return ((await this.#connection.call('GET', '/v1/forks')) as { forks: ForkStatus[] }).forks;
  }

  /** Who holds a message: connected peers are asked, of absent ones comes what was last known. */
  async holders(message: MessageName, options: HoldersOptions = {}): Promise<Holders> {
    return (await this.#connection.call('POST', '/v1/holders', { ...message, ...options })) as Holders;
  }

  /** The realm, its nodes, channels and invitations. */
  async realm(): Promise<RealmStatus> {
    return (await this.#connection.call('GET', '/v1/realm')) as RealmStatus;
  }

  /** Makes an invitation. The token is a secret: whoever has it can join. */
  async invite(options: InviteOptions = {}): Promise<{ token: string; expiresAtMs: number; uses: number }> {
    const answer = await this.#connection.call('POST', '/v1/realm/invite', options);
    return answer as { token: string; expiresAtMs: number; uses: number };
  }

  /** Revokes a node by its id, a unique start of it, or its name. */
  async revoke(node: string): Promise<{ node: NodeId; name: string }> {
    return (await this.#connection.call('POST', '/v1/realm/revoke', { node })) as {
      node: NodeId;
      name: string;
    };
  }

  /** Replaces the channels that the realm declares. */
  async declareChannels(channels: readonly { name: string; filter: string }[]): Promise<void> {
    await this.#connection.call('POST', '/v1/realm/channels', { channels });
  }

  /** Replaces what the realm says about keeping channels. */
  async declarePolicy(channels: Readonly<Record<string, ChannelPolicy>>): Promise<void> {
    await this.#connection.call('POST', '/v1/realm/policy', { channels });
  }

  /** Devices of the agent's book, and how they are. */
  async devices(): Promise<readonly DeviceStatus[]> {
    return ((await this.#connection.call('GET', '/v1/devices')) as { devices: DeviceStatus[] }).devices;
  }

  /** Serial ports that the agent has, or could have. */
  async serialPorts(): Promise<readonly PortStatus[]> {
    return ((await this.#connection.call('GET', '/v1/serial-ports')) as { ports: PortStatus[] }).ports;
  }

  /** What happens on serial ports, as it happens; ends with `signal`. */
  monitorDevices(options: MonitorOptions = {}): AsyncGenerator<MonitorEvent> {
    return monitorLines(this.#connection, options);
  }

  /** Writes a new key into the device at a port, and into the agent's book. */
  async provisionDevice(
    port: string,
    { signingKey, ...options }: ProvisionOptions = {},
  ): Promise<DeviceName> {
    const body = { port, ...options, ...signingKeyJson(signingKey) };
    return (await this.#connection.call('POST', '/v1/devices/provision', body)) as DeviceName;
  }

  /** Takes in a device that has its key already. */
  async addDevice({ key, signingKey, ...draft }: DeviceDraft): Promise<DeviceName> {
    const keys = { keyBase64: Buffer.from(key).toString('base64'), ...signingKeyJson(signingKey) };
    return (await this.#connection.call('POST', '/v1/devices/add', { ...draft, ...keys })) as DeviceName;
  }

  /** Forgets a device with its key, by its name or id. */
  async removeDevice(device: string): Promise<DeviceName> {
    return (await this.#connection.call('POST', '/v1/devices/remove', { device })) as DeviceName;
  }

  /** Takes the next epoch of a device as it comes, also a lower one: its memory was erased. */
  async acceptDeviceEpoch(device: string): Promise<DeviceName> {
    return (await this.#connection.call('POST', '/v1/devices/accept-epoch', { device })) as DeviceName;
  }

  /** Has the agent let go of a serial port, until {@link reclaimPort}. */
  async releasePort(port: string): Promise<void> {
    await this.#connection.call('POST', '/v1/serial-ports/release', { port });
  }

  /** Has the agent open a serial port again. */
  async reclaimPort(port: string): Promise<void> {
    await this.#connection.call('POST', '/v1/serial-ports/reclaim', { port });
  }

  /** Asks the agent to stop; resolves when it has begun to. */
  async stop(): Promise<void> {
    await this.#connection.call('POST', '/v1/stop', {});
  }

  /** Closes idle connections. Publishers and subscriptions are closed by themselves. */
  async close(): Promise<void> {
    this.#connection.close();
  }
}

/** A client of the agent that runs in a directory. Connects with the first request. */
export function connectAgent(options: AgentClientOptions): AgentClient {
  return new AgentClient(options);
}

function signingKeyJson(key: Uint8Array | undefined): { readonly signingKeyBase64?: string } {
  return key === undefined ? {} : { signingKeyBase64: Buffer.from(key).toString('base64') };
}
