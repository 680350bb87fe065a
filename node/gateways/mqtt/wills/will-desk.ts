import { join } from 'node:path';
import type { Log } from '../../../../src/errors/index.ts';
import { ClientFiles } from '../client-files.ts';
import type { GatewayCounters } from '../gateway-counters.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { Will } from './will.ts';
import { isWillRecord, recordOfWill, type WillRecord, willOfRecord } from './will-record.ts';

/** What a {@link WillDesk} works with. */
export interface WillDeskDependencies {
  readonly mesh: MqttMesh;
  /** The node's directory. */
  readonly directory: string;
  readonly counters: GatewayCounters;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** A will whose client is gone, and that waits for its delay. */
interface WaitingWill {
  readonly will: Will;
  readonly dueAtMs: number;
}

/**
 * The wills of clients: kept on disk from the CONNACK on, published when the connection ends without the client's word
 * (MQTT-3.1.2-8) and its delay is over. What the agent's own end prevented is published after its next start. All calls
 * for one client follow each other.
 */
export class WillDesk {
  readonly #deps: WillDeskDependencies;
  readonly #files: ClientFiles<WillRecord>;
  /** By client id: of those that are connected. */
  readonly #held = new Map<string, Will>();
  readonly #waiting = new Map<string, WaitingWill>();

  constructor(deps: WillDeskDependencies) {
    this.#deps = deps;
    this.#files = new ClientFiles(
      {
        directory: join(deps.directory, 'mqtt', 'wills'),
        isRecord: isWillRecord,
        unreadable: 'the will of an MQTT client cannot be read and is not published',
      },
      deps.log,
    );
  }

  /**
   * Takes up what lies on disk: the connections ended with the agent. `sessionSeconds`: how long the session of a
   * client outlives its connection; `null` for ever, 0 if there is none.
   */
  async load(sessionSeconds: (clientId: string) => number | null): Promise<void> {
    for (const record of await this.#files.load()) {
      const { clientId, dueAtMs } = record;
      const will = willOfRecord(record);
      if (dueAtMs === null) await this.#endWith(clientId, will, sessionSeconds(clientId))();
      else this.#waiting.set(clientId, { will, dueAtMs });
    }
  }

  /** A client is let in. Its will, if it has one, is on disk when this resolves. Rejects with the disk's error. */
  async hold(clientId: string, will: Will | null): Promise<void> {
    if (will === null) return;
    await this.#files.save(recordOfWill(clientId, will, null));
    this.#held.set(clientId, will);
  }

  /**
   * A connection has ended. `willed`: not as its client announced it. The delay of the will counts from here; what is
   * returned publishes it or keeps it, and is called once all that the client published is stored.
   */
  ended(
    clientId: string,
    { willed, sessionSeconds }: { readonly willed: boolean; readonly sessionSeconds: number | null },
  ): () => Promise<void> {
    const will = this.#held.get(clientId);
    if (will === undefined) return async () => {};
    this.#held.delete(clientId);
    return willed ? this.#endWith(clientId, will, sessionSeconds) : () => this.#forget(clientId);
  }

  /** The client came back before the delay of its will was over. */
  async returned(clientId: string): Promise<void> {
    if (this.#waiting.delete(clientId)) await this.#forget(clientId);
  }

  /** Clients whose wills have waited long enough. */
  due(nowMs: number): string[] {
    return [...this.#waiting].filter(([, { dueAtMs }]) => nowMs >= dueAtMs).map(([clientId]) => clientId);
  }

  /** The delay is over, or the session has ended: the client's will, if one waits, waits no longer. */
  async publishWaiting(clientId: string): Promise<void> {
    const waiting = this.#waiting.get(clientId);
    if (waiting !== undefined) await this.#publish(clientId, waiting.will);
  }

  #endWith(clientId: string, will: Will, sessionSeconds: number | null): () => Promise<void> {
    const delaySeconds = Math.min(will.delaySeconds, sessionSeconds ?? Number.POSITIVE_INFINITY);
    if (delaySeconds === 0) return () => this.#publish(clientId, will);
    const dueAtMs = this.#deps.nowMs() + delaySeconds * 1_000;
    this.#waiting.set(clientId, { will, dueAtMs });
    return () => this.#keepWaiting(recordOfWill(clientId, will, dueAtMs));
  }

  async #keepWaiting(record: WillRecord): Promise<void> {
    try {
      await this.#files.save(record);
    } catch (error) {
      // After a crash it waits from the beginning.
      this.#deps.log.warn(
        { client: record.clientId, error: String(error) },
        'the delay of an MQTT will was not kept',
      );
    }
  }

  async #publish(clientId: string, { topic, payload, options }: Will): Promise<void> {
    this.#waiting.delete(clientId);
    this.#deps.counters.count('willsPublished');
    try {
      await this.#deps.mesh.publish(topic, payload, options);
    } catch (error) {
      this.#deps.log.warn(
        { client: clientId, error: String(error) },
        'the will of an MQTT client was not published',
      );
    }
    await this.#forget(clientId);
  }

  async #forget(clientId: string): Promise<void> {
    try {
      await this.#files.remove(clientId);
    } catch (error) {
      this.#deps.log.warn(
        { client: clientId, error: String(error) },
        'the will of an MQTT client was not forgotten',
      );
    }
  }
}
