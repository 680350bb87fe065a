import { partLog } from '../src/errors/index.ts';
import type { Mesh } from '../src/index.ts';
import type { AgentParts, AgentReady } from './agent/agent-parts.ts';
import { makeSerial } from './agent/make-serial.ts';
import { type MqttService, mqttFacts } from './agent/mqtt-facts.ts';
import { startAlerts } from './agent/start-alerts.ts';
import { startHttp } from './agent/start-http.ts';
import { startMesh } from './agent/start-mesh.ts';
import { makeBridges, startMqtt } from './agent/start-mqtt.ts';
import { StopStack } from './agent/stop-stack.ts';
import type { AlertsService } from './alerts/index.ts';
import { type ApiParts, ControlServer } from './control/index.ts';
import { DirectoryLock } from './directory-lock.ts';
import type { HttpGateway } from './gateways/http/index.ts';
import type { MqttBridges } from './gateways/mqtt-bridge/index.ts';
import type { SerialGateway } from './gateways/serial/serial-gateway.ts';
import { prepareDirectory } from './node-directory.ts';
import { Telemetry } from './telemetry/index.ts';

/** What the routes show. */
interface Served {
  readonly mesh: Mesh;
  readonly serial: SerialGateway;
  readonly mqtt: MqttService | null;
  readonly bridges: MqttBridges | null;
  readonly telemetry: Telemetry;
  readonly alerts: AlertsService | null;
}

/** The one place that builds real objects: lock, realm, mesh, gateways and control socket of a directory. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #stopAsked = Promise.withResolvers<void>();
  readonly #stack = new StopStack();
  #mesh: Mesh | null = null;
  #http: HttpGateway | null = null;
  #startedAtMs = 0;

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** Resolves when a client asked the agent to stop. */
  get stopAsked(): Promise<void> {
    return this.#stopAsked.promise;
  }

  /**
   * Starts everything, and makes a realm first where the directory has none. Throws `agent.running`,
   * `agent.directory`, `agent.bad-config` and what realm, journal and overlay throw; nothing is left open then.
   */
  async start(): Promise<AgentReady> {
    const { directory, log } = this.#parts;
    await prepareDirectory(directory);
    const lock = await DirectoryLock.take(directory);
    this.#stack.push(() => lock.release());
    try {
      const ready = await this.#startParts();
      log.info({ ...ready }, 'the agent is ready');
      return ready;
    } catch (error) {
      await this.#stack.unwind().catch(() => {});
      throw error;
    }
  }

  /** Resolves when the disk has answered for all that is held by now; at once if nothing runs. */
  async whenStored(): Promise<void> {
    await this.#mesh?.whenStored();
  }

  /** Stops clients first, then the mesh; what was acknowledged is on disk afterwards. */
  async stop(): Promise<void> {
    if (this.#mesh === null) return;
    this.#mesh = null;
    await this.#stack.unwind();
    this.#parts.log.info({}, 'the agent has stopped');
  }

  async #startParts(): Promise<AgentReady> {
    const [parts, stack] = [this.#parts, this.#stack];
    const mesh = await startMesh(parts);
    stack.push(() => mesh.stop());
    this.#startedAtMs = parts.nowMs();
    const bridges = await makeBridges(parts, mesh);
    stack.push(() => bridges?.stop());
    const serial = makeSerial(parts, mesh);
    stack.push(() => serial.stop());
    const alerts = await startAlerts({ ...parts, mesh, serial });
    stack.push(() => alerts?.stop());
    const mqtt = await startMqtt(parts, mesh);
    stack.push(() => mqtt?.stop());
    const telemetry = this.#telemetryOf(mesh);
    stack.push(() => telemetry.stop());
    const api = this.#apiParts({ mesh, serial, mqtt, bridges, telemetry, alerts });
    await serial.start();
    await bridges?.start();
    telemetry.start();
    const http = await startHttp(parts, api);
    stack.push(() => http?.stop());
    this.#http = http;
    const control = new ControlServer({ ...api, directory: parts.directory });
    stack.push(() => control.stop());
    await control.start();
    this.#mesh = mesh;
    return readyOf(mesh, { mqtt, http });
  }

  #telemetryOf(mesh: Mesh): Telemetry {
    const { directory, nowMs, settings } = this.#parts;
    const { cardCycles } = settings;
    return new Telemetry({ directory, mesh, nowMs, ...(cardCycles === undefined ? {} : { cardCycles }) });
  }

  #apiParts({ mesh, serial, mqtt, bridges, telemetry, alerts }: Served): ApiParts {
    const { directory, settings, log, logLevels, version } = this.#parts;
    return {
      mesh,
      devices: serial,
      mqtt,
      http: () => this.#http,
      bridges,
      telemetry,
      alerts,
      log: partLog(log, 'control'),
      ...(logLevels === undefined ? {} : { logLevels }),
      agentFacts: () => ({
        version,
        nodeVersion: process.versions.node,
        pid: process.pid,
        directory,
        residentBytes: process.memoryUsage.rss(),
        startedAtMs: this.#startedAtMs,
        serial: settings.serial ?? [],
        mqtt: mqtt === null ? null : mqttFacts(mqtt),
        http: this.#http?.addresses() ?? null,
        alerts: alerts?.counts() ?? null,
      }),
      onStop: () => this.#stopAsked.resolve(),
    };
  }
}

function readyOf(
  mesh: Mesh,
  gateways: { readonly mqtt: MqttService | null; readonly http: HttpGateway | null },
): AgentReady {
  const [mqtt, http] = [gateways.mqtt?.addresses() ?? [], gateways.http?.addresses() ?? []];
  return {
    node: mesh.node,
    name: mesh.name,
    addresses: mesh.addresses(),
    ...(mqtt.length === 0 ? {} : { mqtt }),
    ...(http.length === 0 ? {} : { http }),
  };
}
