import { REASON, type ReasonCode } from '../packet/reason-code.ts';

/** A PUBLISH of QoS 1 or 2 as the flow looks at it. */
export interface InboundPublish {
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly dup: boolean;
  /** Names the content; asked for only where a crash made it unclear what the packet is. */
  readonly digest: () => string;
}

/** What to do with a PUBLISH. */
export type InboundVerdict =
  /** A new message: publish it under this number. */
  | { readonly do: 'publish'; readonly n: number }
  /** It is stored: answer at once. */
  | { readonly do: 'acknowledge' }
  /** It is on its way: the answer follows. */
  | { readonly do: 'wait' }
  | { readonly do: 'refuse'; readonly reason: ReasonCode };

/** A message that was received and whose flow has not ended. */
export interface OpenPublish {
  readonly n: number;
  readonly qos: 1 | 2;
}

/** What of the flow outlives the process. */
export interface InboundRecord {
  /** The next message's counter: publish numbers are counter * 65,536 + packet id. */
  readonly nextCounter: number;
  /** From this counter on a crash leaves unclear what was stored and answered. */
  readonly unclearFrom: number;
  /** Stored for certain. */
  readonly open: readonly OpenPublish[];
}

/** A message found in the journal after a crash, of which nobody knows whether the client was answered. */
export interface UnclearPublish {
  readonly n: number;
  readonly qos: 1 | 2;
  readonly digest: string;
}

interface Flow {
  readonly n: number;
  readonly qos: 1 | 2;
  /** `failed`: it could not be stored, a repetition tries again under the same number. */
  stage: 'publishing' | 'stored' | 'failed';
  /** The connection on which it came last. */
  connection: number;
  /** Where the content has to tell a repetition from a new message under the same packet id. */
  readonly digest: string | null;
}

const PACKET_IDS = 65_536;
/** Skipped after an unclean stop: numbers that a power cut took from the journal here may lie at other nodes. */
const COUNTER_JUMP = 65_536;

/**
 * What a session received with QoS 1 and 2 (OASIS MQTT 5.0, section 4.3): which packet is a repetition, and under which
 * number each message is published, so that a repetition never becomes a second message. Pure.
 */
export class InboundState {
  readonly #flows = new Map<number, Flow>();
  #nextCounter: number;
  #connection = 0;
  /** Flows that came on this connection and were not answered to their end. */
  #unanswered = 0;
  #receiveMaximum = PACKET_IDS;

  constructor(record: InboundRecord = { nextCounter: 1, unclearFrom: 1, open: [] }) {
    this.#nextCounter = record.nextCounter;
    for (const { n, qos } of record.open) this.#restore(n, qos, null);
  }

  /** What to keep. */
  record(): InboundRecord {
    const flows = [...this.#flows.values()];
    const isClear = ({ stage, digest }: Flow) => stage === 'stored' && digest === null;
    const open = flows.filter(isClear);
    const unclear = flows.filter((flow) => !isClear(flow)).map(({ n }) => Math.floor(n / PACKET_IDS));
    return {
      nextCounter: this.#nextCounter,
      unclearFrom: Math.min(this.#nextCounter, ...unclear),
      open: open.map(({ n, qos }) => ({ n, qos })),
    };
  }

  /** After an unclean stop: goes on behind all numbers that may be used, and takes up what is unclear. */
  recover(unclear: readonly UnclearPublish[]): void {
    for (const { n, qos, digest } of unclear) this.#restore(n, qos, digest);
    this.#nextCounter += COUNTER_JUMP;
  }

  /** A connection begins. `receiveMaximum`: messages that it may send without an answer to their end. */
  connect(receiveMaximum: number): void {
    this.#connection++;
    this.#unanswered = 0;
    this.#receiveMaximum = receiveMaximum;
  }

  /** Takes in a PUBLISH. */
  publish(publish: InboundPublish): InboundVerdict {
    const { packetId } = publish;
    const flow = this.#flows.get(packetId);
    if (flow === undefined || !this.#isRepetition(flow, publish)) return this.#begin(publish);
    if (flow.connection !== this.#connection) {
      flow.connection = this.#connection;
      this.#unanswered++;
    }
    if (flow.stage === 'failed') {
      flow.stage = 'publishing';
      return { do: 'publish', n: flow.n };
    }
    if (flow.stage === 'publishing') return { do: 'wait' };
    if (flow.qos === 1) this.#end(packetId);
    return { do: 'acknowledge' };
  }

  /** The message is stored. `true` if the client is to be answered now: not while a repetition is still to come. */
  stored(n: number): boolean {
    const flow = this.#flows.get(n % PACKET_IDS);
    if (flow?.n !== n) return false;
    flow.stage = 'stored';
    if (flow.connection !== this.#connection) return false;
    if (flow.qos === 1) this.#end(n % PACKET_IDS);
    return true;
  }

  /** The message could not be stored. `forget`: it was refused for good, and the client is told. */
  failed(n: number, { forget }: { readonly forget: boolean }): void {
    const flow = this.#flows.get(n % PACKET_IDS);
    if (flow?.n !== n) return;
    if (forget) this.#end(n % PACKET_IDS);
    else flow.stage = 'failed';
  }

  /** Takes in a PUBREL; `false` if no message waits for it. */
  release(packetId: number): boolean {
    const flow = this.#flows.get(packetId);
    if (flow?.qos !== 2 || flow.stage !== 'stored') return false;
    this.#end(packetId);
    return true;
  }

  #begin({ packetId, qos }: InboundPublish): InboundVerdict {
    const before = this.#flows.get(packetId);
    if (before?.connection === this.#connection) this.#unanswered--;
    if (this.#unanswered >= this.#receiveMaximum)
      return { do: 'refuse', reason: REASON.receiveMaximumExceeded };
    const n = this.#nextCounter++ * PACKET_IDS + packetId;
    this.#unanswered++;
    this.#flows.set(packetId, { n, qos, stage: 'publishing', connection: this.#connection, digest: null });
    return { do: 'publish', n };
  }

  #isRepetition(flow: Flow, { qos, dup, digest }: InboundPublish): boolean {
    if (flow.qos !== qos) return false;
    // After a crash nobody knows whether the client was answered. With QoS 1 its mark decides. With QoS 2 a packet id is
    // free again only after four packets, and widespread clients (MQTT.js) send again without the mark.
    if (flow.digest !== null) return (dup || qos === 2) && flow.digest === digest();
    // Of QoS 2 any PUBLISH before the PUBREL is one (MQTT-4.3.3-10); of QoS 1 one that says so, or on the same connection.
    return qos === 2 || dup || flow.connection === this.#connection;
  }

  #end(packetId: number): void {
    const flow = this.#flows.get(packetId);
    if (flow?.connection === this.#connection) this.#unanswered--;
    this.#flows.delete(packetId);
  }

  #restore(n: number, qos: 1 | 2, digest: string | null): void {
    this.#flows.set(n % PACKET_IDS, { n, qos, stage: 'stored', connection: -1, digest });
    this.#nextCounter = Math.max(this.#nextCounter, Math.floor(n / PACKET_IDS) + 1);
  }
}

/** The first publish number with this counter. */
export function firstNumberOf(counter: number): number {
  return counter * PACKET_IDS;
}
