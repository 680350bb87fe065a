import type { Log } from '../../../../src/errors/index.ts';
import type { DeliveredMessage, Subscription } from '../../../../src/index.ts';
import { messageToJson } from '../../../control/message-json.ts';
import type { ServedMesh } from '../../../control/served-mesh.ts';

/** A message on its way to many. */
export class HubMessage {
  readonly message: DeliveredMessage;
  #json: string | null = null;

  constructor(message: DeliveredMessage) {
    this.message = message;
  }

  /** Written once, however many get it. */
  get json(): string {
    this.#json ??= JSON.stringify(messageToJson(this.message));
    return this.#json;
  }
}

/** Who is told of what arrives. */
export interface HubListener {
  /** All of a batch, in order of arrival; to be filtered by the listener. */
  take(batch: readonly HubMessage[]): void;
  /** The mesh ended. */
  end(error: unknown): void;
}

/** What a hub works with. */
export interface StreamHubDependencies {
  readonly mesh: Pick<ServedMesh, 'subscribe'>;
  readonly log: Log;
}

const FILTERS = ['#', '$alerts/#'];
const BATCH_MESSAGES = 256;
const BUFFER_MESSAGES = 1_024;

/** What arrives, for all live streams: one subscription while there are any. It keeps nothing: who is late reads the journal. */
export class StreamHub {
  readonly #deps: StreamHubDependencies;
  readonly #listeners = new Set<HubListener>();
  #subscription: Subscription | null = null;

  constructor(deps: StreamHubDependencies) {
    this.#deps = deps;
  }

  /** From here on the listener is told of everything that is stored. */
  join(listener: HubListener): void {
    this.#listeners.add(listener);
    if (this.#subscription !== null) return;
    const subscription = this.#deps.mesh.subscribe(FILTERS, {
      from: 'new',
      order: 'arrival',
      bufferMessages: BUFFER_MESSAGES,
    });
    this.#subscription = subscription;
    void this.#pump(subscription);
  }

  leave(listener: HubListener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) void this.stop();
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = null;
    await subscription?.close();
  }

  async #pump(subscription: Subscription): Promise<void> {
    let failure: unknown = null;
    try {
      for (;;) {
        const batch = await subscription.nextBatch(BATCH_MESSAGES);
        if (batch.length === 0) break;
        const messages = batch.flatMap((one) => (one.kind === 'message' ? [new HubMessage(one)] : []));
        for (const listener of this.#listeners) listener.take(messages);
      }
    } catch (error) {
      failure = error;
      this.#deps.log.warn({ reason: String(error) }, 'the feed of the live streams failed');
    }
    // Not where it was closed as the last listener left.
    if (this.#subscription !== subscription) return;
    this.#subscription = null;
    for (const listener of this.#listeners) listener.end(failure);
  }
}
