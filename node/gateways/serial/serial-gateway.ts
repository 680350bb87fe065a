import type { SerialBridge } from '../../../firmware-bridge/host/index.ts';
import { isSedgeError, type Log, SedgeError } from '../../../src/errors/index.ts';
import type {
  DeviceDraft,
  DeviceName,
  DeviceStatus,
  MonitorEvent,
  PortStatus,
  ProvisionOptions,
  ServedDevices,
} from '../../control/served-devices.ts';

/** What the gateway needs of a bridge. */
export type Bridge = Pick<
  SerialBridge,
  | 'start'
  | 'stop'
  | 'devices'
  | 'ports'
  | 'monitor'
  | 'provision'
  | 'add'
  | 'remove'
  | 'acceptEpoch'
  | 'release'
  | 'reclaim'
>;

/** What a {@link SerialGateway} works with. */
export interface SerialGatewayParts {
  /** Ports of the settings; none, and the bridge is loaded when somebody asks for devices. */
  readonly ports: readonly string[];
  /** Loads the bridge's code and makes one, not started. */
  readonly makeBridge: () => Promise<Bridge>;
  readonly log: Log;
}

/** A program that took a port and died must not keep it from the agent for ever. */
const RELEASE_MS_MAX = 600_000;

/**
 * The serial bridge of an agent. Its code is loaded with the first port or the first question about devices: an agent
 * without either does not pay for it.
 */
export class SerialGateway implements ServedDevices {
  readonly #parts: SerialGatewayParts;
  readonly #released = new Map<string, NodeJS.Timeout>();
  #bridge: Promise<Bridge> | null = null;
  #stopped = false;

  constructor(parts: SerialGatewayParts) {
    this.#parts = parts;
  }

  /** Starts the bridge if a port is configured. What is wrong with it is logged: the agent starts all the same. */
  async start(): Promise<void> {
    if (this.#parts.ports.length === 0) return;
    try {
      await this.#started();
    } catch (error) {
      if (!isSedgeError(error)) throw error;
      this.#parts.log.error({ code: error.code, reason: error.message }, 'the serial bridge could not start');
    }
  }

  /** Closes all ports; what devices were told is taken is with the mesh by then. Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#released.values()) clearTimeout(timer);
    this.#released.clear();
    const bridge = await this.#bridge?.catch(() => null);
    this.#bridge = null;
    await bridge?.stop();
  }

  async devices(): Promise<readonly DeviceStatus[]> {
    return (await this.#started()).devices();
  }

  async ports(): Promise<readonly PortStatus[]> {
    return (await this.#started()).ports();
  }

  async monitor(what: {
    readonly port?: string;
    readonly device?: string;
  }): Promise<AsyncIterable<MonitorEvent>> {
    return (await this.#started()).monitor(what);
  }

  async provision(port: string, options: ProvisionOptions): Promise<DeviceName> {
    return (await this.#started()).provision(port, options);
  }

  async add(draft: DeviceDraft): Promise<DeviceName> {
    return (await this.#started()).add(draft);
  }

  async remove(device: string): Promise<DeviceName> {
    return (await this.#started()).remove(device);
  }

  async acceptEpoch(device: string): Promise<DeviceName> {
    return (await this.#started()).acceptEpoch(device);
  }

  /** Lets go of a port until {@link reclaim}, for at most ten minutes. */
  async release(port: string): Promise<void> {
    const bridge = await this.#started();
    await bridge.release(port);
    clearTimeout(this.#released.get(port));
    const timer = setTimeout(() => {
      this.#parts.log.warn({ port }, 'a port that nobody gave back is taken back');
      this.reclaim(port).catch((error: unknown) =>
        this.#parts.log.error({ port, reason: String(error) }, 'a port could not be taken back'),
      );
    }, RELEASE_MS_MAX);
    this.#released.set(port, timer.unref());
  }

  async reclaim(port: string): Promise<void> {
    clearTimeout(this.#released.get(port));
    this.#released.delete(port);
    await (await this.#started()).reclaim(port);
  }

  /** One that could not start is made anew for the next who asks. */
  #started(): Promise<Bridge> {
    if (this.#stopped) return Promise.reject(new SedgeError('agent.disconnected'));
    this.#bridge ??= this.#makeStarted().catch((error: unknown) => {
      this.#bridge = null;
      throw error;
    });
    return this.#bridge;
  }

  async #makeStarted(): Promise<Bridge> {
    const bridge = await this.#parts.makeBridge();
    await bridge.start();
    return bridge;
  }
}
