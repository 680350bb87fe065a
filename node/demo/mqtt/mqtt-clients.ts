import type { IClientOptions, MqttClient } from 'mqtt';
import { SedgeError } from '../../../src/errors/index.ts';

/** What a client of the demo is. */
export interface DemoClientOptions {
  readonly port: number;
  readonly clientId: string;
  /** Its session outlives its connections. */
  readonly keep: boolean;
  onMessage?(topic: string, payload: string, retained: boolean): void;
  /** The broker let it in, also again; what comes before belongs to the connection before. */
  onConnected?(): void;
}

/** How soon a client that lost its broker tries again. */
const RECONNECT_MS = 200;
/** Longer than any accident of the demo, in seconds. */
const SESSION_SECONDS = 600;

/** MQTT.js: clients that know nothing of sedge. */
export class MqttClients {
  readonly #mqtt: typeof import('mqtt');
  readonly #open = new Set<MqttClient>();

  private constructor(mqtt: typeof import('mqtt')) {
    this.#mqtt = mqtt;
  }

  /** Throws `demo.no-mqtt-client` where MQTT.js is not installed. */
  static async load(): Promise<MqttClients> {
    try {
      return new MqttClients(await import('mqtt'));
    } catch (cause) {
      throw new SedgeError('demo.no-mqtt-client', {}, { cause });
    }
  }

  /** Connects with version 5, and again whenever the broker was away. */
  async connect({ port, clientId, keep, ...heard }: DemoClientOptions): Promise<MqttClient> {
    const options: IClientOptions = {
      protocolVersion: 5,
      clientId,
      clean: !keep,
      reconnectPeriod: RECONNECT_MS,
      ...(keep
        ? { properties: { sessionExpiryInterval: SESSION_SECONDS }, outgoingStore: this.#markingStore() }
        : {}),
    };
    const client = this.#mqtt.connect(`mqtt://127.0.0.1:${port}`, options);
    this.#open.add(client);
    // Whoever loses the broker gets an error too; the client tries again by itself.
    client.on('error', () => {});
    client.on('message', (topic, payload, packet) =>
      heard.onMessage?.(topic, payload.toString(), packet.retain),
    );
    client.on('packetreceive', ({ cmd }) => {
      if (cmd === 'connack') heard.onConnected?.();
    });
    await new Promise<void>((resolve) => client.once('connect', () => resolve()));
    return client;
  }

  /** Ends one client in order. */
  async end(client: MqttClient): Promise<void> {
    this.#open.delete(client);
    await client.endAsync();
  }

  /** Ends all without a word. */
  close(): void {
    for (const client of this.#open) client.end(true);
    this.#open.clear();
  }

  /** What is sent again says so (MQTT-3.3.1-1): MQTT.js's own store forgets the mark. */
  #markingStore() {
    const { Store } = this.#mqtt;
    return new (class extends Store {
      override put(...[packet, callback]: Parameters<InstanceType<typeof Store>['put']>) {
        return super.put(packet.cmd === 'publish' ? { ...packet, dup: true } : packet, callback);
      }
    })();
  }
}
