import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSedgeError, type Log } from '../../../src/errors/index.ts';
import { GatewayCounters } from './gateway-counters.ts';
import type { ClientStream, ListenAddress } from './listeners/listener.ts';
import { TcpListener } from './listeners/tcp-listener.ts';
import type { MqttClientStatus, MqttGateway, MqttStatus } from './mqtt-gateway.ts';

/** What a door works with. */
export interface MqttDoorDependencies {
  /** The node's directory. */
  readonly directory: string;
  readonly log: Log;
  /** Makes and starts the gateway behind the door. */
  readonly openGateway: () => Promise<MqttGateway>;
}

/** Clients that may wait while the gateway starts; more are refused. */
const WAITING_MAX = 256;

/**
 * The address at which MQTT clients connect where nobody said anything of MQTT. It costs a listening socket: the gateway
 * is loaded when the first client comes, or at the start if it has sessions or wills to look after. A port that is taken is
 * no error, as nobody asked for it.
 */
export class MqttDoor {
  readonly #deps: MqttDoorDependencies;
  readonly #address: ListenAddress;
  readonly #listener: TcpListener;
  readonly #waiting = new Set<ClientStream>();
  /** What is counted while there is no gateway. */
  readonly #counters = new GatewayCounters();
  #gateway: MqttGateway | null = null;
  #opening: Promise<MqttGateway> | null = null;
  #stopping = false;

  constructor(address: ListenAddress, deps: MqttDoorDependencies) {
    this.#address = address;
    this.#listener = new TcpListener(address);
    this.#deps = deps;
  }

  /** Listens if it can. `atOnce`: the gateway listens elsewhere too, and is started now. */
  async start({ atOnce }: { readonly atOnce: boolean }): Promise<void> {
    if (atOnce || (await this.#hasWork())) await this.#open();
    try {
      await this.#listener.start((stream) => this.#accept(stream));
    } catch (error) {
      if (!isSedgeError(error, 'mqtt.cannot-listen')) throw error;
      const { host, port } = this.#address;
      this.#deps.log.warn(
        { address: `${host}:${port}` },
        'another program has the port of MQTT, so no client can connect here: name another with --mqtt PORT, or --mqtt off',
      );
    }
  }

  /** Ends connections and stops listening. Idempotent. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const closed = this.#listener.stop();
    for (const stream of this.#waiting) stream.destroy();
    const gateway = await this.#opening?.catch(() => null);
    await gateway?.stop();
    await closed;
  }

  /** Where clients connect. Empty if the port was taken. */
  addresses(): string[] {
    const own = this.#listener.address();
    return [...(own === '' ? [] : [own]), ...(this.#gateway?.addresses() ?? [])];
  }

  status(): MqttStatus {
    const idle = { connections: 0, sessions: 0, counters: this.#counters.snapshot() };
    return { ...(this.#gateway?.status() ?? idle), listening: this.addresses() };
  }

  clients(): MqttClientStatus[] {
    return this.#gateway?.clients() ?? [];
  }

  #accept(stream: ClientStream): void {
    if (this.#gateway !== null) {
      this.#gateway.accept(stream);
      return;
    }
    if (this.#stopping || this.#waiting.size >= WAITING_MAX) {
      this.#counters.count('connectionsRefused');
      stream.destroy();
      return;
    }
    // What it sends meanwhile stays unread; the close follows an error.
    stream.on('error', () => {});
    stream.once('close', () => this.#waiting.delete(stream));
    this.#waiting.add(stream);
    void this.#open().then(
      (gateway) => {
        if (this.#waiting.delete(stream)) gateway.accept(stream);
      },
      () => stream.destroy(),
    );
  }

  #open(): Promise<MqttGateway> {
    this.#opening ??= this.#deps.openGateway().then(
      (gateway) => {
        this.#gateway = gateway;
        return gateway;
      },
      (error: unknown) => {
        // The next client is another try.
        this.#opening = null;
        this.#deps.log.error({ error: String(error) }, 'the MQTT gateway did not start');
        throw error;
      },
    );
    return this.#opening;
  }

  /** Sessions have lifetimes and groups to see to, and wills are to be published, also while no client is there. */
  async #hasWork(): Promise<boolean> {
    const kept = ['sessions', 'wills'].map((name) =>
      readdir(join(this.#deps.directory, 'mqtt', name)).catch(() => []),
    );
    return (await Promise.all(kept)).some((names) => names.length > 0);
  }
}
