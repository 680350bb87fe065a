import { partLog } from '../src/errors/index.ts';
import {
  initRealmDirectory,
  isRealmDirectory,
  type Mesh,
  openMesh,
  readRealmDirectory,
} from '../src/index.ts';
import type { AgentParts, AgentReady } from './agent-parts.ts';
import type { AlertsService } from './alerts/index.ts';
import { checkHttp, checkMqtt, httpListening, mqttListening } from './config/index.ts';
import { type ApiParts, ControlServer, type RoutePlugin } from './control/index.ts';
import { defaultStorageMax } from './default-storage-max.ts';
import { DirectoryLock } from './directory-lock.ts';
import { onFreePort } from './free-port.ts';
import type { HttpGateway } from './gateways/http/index.ts';
import { MqttDoor } from './gateways/mqtt/mqtt-door.ts';
import type { MqttBridges } from './gateways/mqtt-bridge/index.ts';
import { type Bridge, SerialGateway } from './gateways/serial/serial-gateway.ts';
import { type MqttService, mqttFacts } from './mqtt-facts.ts';
import { defaultName, prepareDirectory } from './node-directory.ts';
import { hasAlerts, startAlerts } from './start-alerts.ts';
import { Telemetry } from './telemetry/index.ts';

/** What runs. */
interface Running {
  readonly lock: DirectoryLock;
  readonly mesh: Mesh;
  readonly serial: SerialGateway;
  readonly control: ControlServer;
  readonly mqtt: MqttService | null;
  readonly bridges: MqttBridges | null;
  readonly http: HttpGateway | null;
  readonly telemetry: Telemetry;
  readonly alerts: AlertsService | null;
}

/** The one place that builds real objects: lock, realm, mesh and control socket of a directory. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #stopAsked = Promise.withResolvers<void>();
  #running: Running | null = null;
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
    let mesh: Mesh | null = null;
    let mqtt: MqttService | null = null;
    let serial: SerialGateway | null = null;
    let bridges: MqttBridges | null = null;
    let http: HttpGateway | null = null;
    let telemetry: Telemetry | null = null;
    let alerts: AlertsService | null = null;
    try {
      await this.#ensureRealm();
      mesh = await this.#startMesh();
      this.#startedAtMs = this.#parts.nowMs();
      mqtt = await this.#startMqtt(mesh);
      serial = this.#serialGateway(mesh);
      bridges = await this.#makeBridges(mesh);
      telemetry = this.#telemetryOf(mesh);
      alerts = await startAlerts({ ...this.#parts, mesh, serial });
      const api = this.#apiParts({ mesh, serial, mqtt, bridges, telemetry, alerts, http: () => http });
      const control = new ControlServer({ ...api, directory, plugins: this.#plugins() });
      await serial.start();
      await bridges?.start();
      telemetry.start();
      http = await this.#startHttp(api);
      await control.start();
      this.#running = { lock, mesh, serial, control, mqtt, bridges, telemetry, alerts, http };
    } catch (error) {
      telemetry?.stop();
      await alerts?.stop().catch(() => {});
      await http?.stop().catch(() => {});
      await bridges?.stop().catch(() => {});
      await serial?.stop().catch(() => {});
      await mqtt?.stop().catch(() => {});
      await mesh?.stop().catch(() => {});
      lock.release();
      throw error;
    }
    const ready = {
      node: mesh.node,
      name: mesh.name,
      addresses: mesh.addresses(),
      ...(mqtt === null || mqtt.addresses().length === 0 ? {} : { mqtt: mqtt.addresses() }),
      ...(http === null || http.addresses().length === 0 ? {} : { http: http.addresses() }),
    };
    log.info(ready, 'the agent is ready');
    return ready;
  }

  /** Resolves when the disk has answered for all that is held by now; at once if nothing runs. */
  async whenStored(): Promise<void> {
    await this.#running?.mesh.whenStored();
  }

  /** Stops clients first, then the mesh; what was acknowledged is on disk afterwards. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === null) return;
    this.#running = null;
    try {
      await running.http?.stop();
      running.telemetry.stop();
      await running.mqtt?.stop();
      await running.control.stop();
      await running.alerts?.stop();
      await running.serial.stop();
      await running.bridges?.stop();
      await running.mesh.stop();
    } finally {
      running.lock.release();
    }
    this.#parts.log.info({}, 'the agent has stopped');
  }

  async #ensureRealm(): Promise<void> {
    const { directory, settings, log } = this.#parts;
    if (await isRealmDirectory(directory)) {
      const { nodeName } = await readRealmDirectory(directory);
      if (settings.name === undefined || settings.name === nodeName) return;
      log.warn({ name: nodeName, asked: settings.name }, 'the name of a node is part of its grant and stays');
      return;
    }
    const names = { realmName: defaultName(), nodeName: settings.name ?? defaultName() };
    await initRealmDirectory(directory, names);
    log.info(
      { directory, ...names },
      'made a new realm, as the directory had none; "sedge invite" adds nodes',
    );
  }

  #startMesh(): Promise<Mesh> {
    const { listen } = this.#parts.settings;
    if (listen !== undefined) return this.#startMeshOn(listen);
    return onFreePort((port) => this.#startMeshOn([`/ip4/0.0.0.0/tcp/${port}`]));
  }

  async #startMeshOn(listen: readonly string[]): Promise<Mesh> {
    const mesh = await this.#openMesh(listen);
    try {
      await mesh.start();
    } catch (error) {
      await mesh.stop().catch(() => {});
      throw error;
    }
    return mesh;
  }

  async #openMesh(listen: readonly string[]): Promise<Mesh> {
    const { directory, settings, log } = this.#parts;
    const { peers, mdns, discovery, commitIntervalMs, retention } = settings;
    const { storageMax = await defaultStorageMax(directory) } = settings;
    return openMesh({
      directory,
      log,
      listen,
      alerts: hasAlerts(settings),
      storageBytesMax: storageMax,
      ...(retention === undefined ? {} : { retention }),
      ...(peers === undefined ? {} : { peers }),
      ...(mdns === undefined ? {} : { mdns }),
      ...(discovery === undefined ? {} : { discovery }),
      ...(commitIntervalMs === undefined ? {} : { commitIntervalMs }),
    });
  }

  async #startMqtt(mesh: Mesh): Promise<MqttService | null> {
    const { directory, nowMs, settings, version } = this.#parts;
    const log = partLog(this.#parts.log, 'mqtt');
    const { listeners, unasked, local, anonymous, ack } = mqttListening(settings);
    if (listeners.length === 0 && unasked === null) return null;
    const openGateway = async () => {
      // Who has no client of MQTT does not pay for it.
      const { MqttGateway } = await import('./gateways/mqtt/index.ts');
      await checkMqtt(directory, settings);
      if (!local && anonymous)
        this.#parts.log.warn({}, 'anybody who reaches its addresses may publish and subscribe over MQTT');
      const options = { listeners, local, anonymous, ack };
      const gateway = new MqttGateway(options, { mesh, directory, log, nowMs, version });
      await gateway.start();
      return gateway;
    };
    if (unasked === null) return openGateway();
    const door = new MqttDoor(unasked, { directory, log, openGateway });
    await door.start({ atOnce: listeners.length > 0 });
    return door;
  }

  async #makeBridges(mesh: Mesh): Promise<MqttBridges | null> {
    const { nowMs, settings } = this.#parts;
    const { bridges = [] } = settings;
    if (bridges.length === 0) return null;
    const { MqttBridges } = await import('./gateways/mqtt-bridge/index.ts');
    return new MqttBridges(bridges, { mesh, log: partLog(this.#parts.log, 'mqtt-bridge'), nowMs });
  }

  #serialGateway(mesh: Mesh): SerialGateway {
    const { directory, settings, nowMs } = this.#parts;
    const log = partLog(this.#parts.log, 'serial');
    const { serial: ports = [], serialAck: ack = 'durable' } = settings;
    const makeBridge = async (): Promise<Bridge> => {
      const { SerialBridge } = await import('../firmware-bridge/host/index.ts');
      return new SerialBridge({ directory, ports, ack }, { mesh, log, nowMs });
    };
    return new SerialGateway({ ports, makeBridge, log });
  }

  async #startHttp(api: ApiParts): Promise<HttpGateway | null> {
    const { directory, nowMs, settings } = this.#parts;
    const log = partLog(this.#parts.log, 'http');
    const options = httpListening(settings);
    if (options === null) return null;
    await checkHttp(directory, settings);
    // Who has no client of HTTP does not pay for it.
    const { HttpGateway } = await import('./gateways/http/index.ts');
    const plugins = [...this.#plugins(), ...(await this.#httpPlugins(api))];
    const gateway = new HttpGateway(options, { api: { ...api, log }, directory, log, nowMs, plugins });
    await gateway.start();
    return gateway;
  }

  #telemetryOf(mesh: Mesh): Telemetry {
    const { directory, nowMs, settings } = this.#parts;
    const { cardCycles } = settings;
    return new Telemetry({ directory, mesh, nowMs, ...(cardCycles === undefined ? {} : { cardCycles }) });
  }

  /** Routes of further parts, on the control socket and over HTTP. */
  #plugins(): readonly RoutePlugin[] {
    return [];
  }

  /** Routes of parts that are there over HTTP alone, each loaded here. */
  async #httpPlugins(api: ApiParts): Promise<readonly RoutePlugin[]> {
    const { metricsPlugin } = await import('./metrics/index.ts');
    const { dashboard } = await import('./dashboard/index.ts');
    return [metricsPlugin(api), dashboard];
  }

  #apiParts(
    running: Pick<Running, 'mesh' | 'serial' | 'mqtt' | 'bridges' | 'telemetry' | 'alerts'> &
      Pick<ApiParts, 'http'>,
  ): ApiParts {
    const { mesh, serial: devices, mqtt, bridges, telemetry, alerts, http = () => null } = running;
    const { directory, settings, log, logLevels, version } = this.#parts;
    return {
      mesh,
      devices,
      mqtt,
      http,
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
        http: http()?.addresses() ?? null,
        alerts: alerts?.counts() ?? null,
      }),
      onStop: () => this.#stopAsked.resolve(),
    };
  }
}
