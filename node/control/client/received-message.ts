import type {
  DeliveredMessage,
  EpochId,
  MessageClient,
  NodeId,
  Origin,
  PublishId,
} from '../../../src/index.ts';
import type { RunJson, RunMessageJson } from '../delivery-batch.ts';
import { originFromJson } from '../origin-json.ts';

/**
 * A message that came over the control socket. The payload becomes bytes only when somebody asks for them:
 * whoever prints text never does.
 */
export class ReceivedMessage implements DeliveredMessage {
  readonly kind = 'message' as const;
  readonly #run: RunJson;
  readonly #message: RunMessageJson;
  // Declared and not defined: most messages have none of them.
  declare readonly contentType?: string;
  declare readonly key?: string;
  declare readonly headers?: Readonly<Record<string, string>>;
  declare readonly retain?: boolean;
  declare readonly origin?: Origin;
  declare readonly client?: MessageClient;
  declare readonly was?: { readonly epoch: EpochId; readonly seq: number };
  declare readonly publishId?: PublishId;
  #payload: Uint8Array | null = null;

  constructor(run: RunJson, message: RunMessageJson) {
    this.#run = run;
    this.#message = message;
    const extras = message[5];
    if (extras === undefined) return;
    const { payloadBase64: _, id, origin, ...others } = extras;
    Object.assign(this, others, id === undefined ? {} : { publishId: id });
    if (origin !== undefined) this.origin = originFromJson(origin);
  }

  get author(): NodeId {
    return this.#run.author as NodeId;
  }

  get name(): string {
    return this.#run.name;
  }

  get channel(): string {
    return this.#run.channel;
  }

  get epoch(): EpochId {
    return this.#run.epoch as EpochId;
  }

  get late(): boolean {
    return this.#run.late;
  }

  get seq(): number {
    return this.#message[0];
  }

  get timeMs(): number {
    return this.#message[1];
  }

  get offset(): string {
    return this.#message[2];
  }

  get topic(): string {
    return this.#message[3];
  }

  /** The payload where it is UTF-8, else `null`. */
  get payloadText(): string | null {
    return this.#message[4];
  }

  get payload(): Uint8Array {
    this.#payload ??=
      this.#message[4] === null
        ? Buffer.from(this.#message[5]?.payloadBase64 ?? '', 'base64')
        : Buffer.from(this.#message[4], 'utf8');
    return this.#payload;
  }
}
