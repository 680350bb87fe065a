import type { AgentDelivery, ReceivedMessage } from '../control/client/index.ts';
import { gapToJson, messageToJson } from '../control/message-json.ts';

/** How `sub` prints. */
export interface DeliveryTextOptions {
  readonly json: boolean;
  /** The topic before the payload, as mosquitto_sub does. */
  readonly verbose: boolean;
}

/**
 * A batch as it is printed: with `json` an object a line, gaps too; else payloads alone, each ended by a newline
 * and byte for byte as they came. Gaps are then not data and not in here.
 */
export function deliveryText(
  batch: readonly AgentDelivery[],
  options: DeliveryTextOptions,
): string | Uint8Array {
  if (options.json) return batch.map(jsonLine).join('');
  const messages = batch.filter((delivery) => delivery.kind === 'message');
  if (messages.every((message) => message.payloadText !== null)) {
    let text = '';
    for (const message of messages) text += `${prefixOf(message, options)}${message.payloadText}\n`;
    return text;
  }
  return Buffer.concat(
    messages.flatMap((message) => [Buffer.from(prefixOf(message, options)), message.payload, NEWLINE]),
  );
}

const NEWLINE = Buffer.from('\n');

function prefixOf(message: ReceivedMessage, options: DeliveryTextOptions): string {
  return options.verbose ? `${message.topic} ` : '';
}

function jsonLine(delivery: AgentDelivery): string {
  if (delivery.kind === 'gap') return `${JSON.stringify(gapToJson(delivery))}\n`;
  const text = delivery.payloadText;
  return `${JSON.stringify(messageToJson(delivery, text === null ? undefined : { payload: text }))}\n`;
}
