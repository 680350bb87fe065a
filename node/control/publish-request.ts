import type { MessageToPublish } from '../../src/index.ts';
import { type AcknowledgementWish, parseWish } from './acknowledgement-wish.ts';
import { parsePublish } from './publish-line.ts';
import { badRequest, objectOf } from './request-fields.ts';

/** One message, and how it is to be acknowledged. */
export interface PublishRequest {
  readonly message: MessageToPublish;
  readonly wish: AcknowledgementWish;
}

/** Reads the body of `POST /v1/publish`. Throws `agent.bad-request`. */
export function parsePublishRequest(body: unknown): PublishRequest {
  const { ack, replicasTimeoutMs, ...fields } = objectOf(body);
  const [message, ...others] = parsePublish(fields);
  if (message === undefined || others.length > 0)
    throw badRequest('one message; use /v1/publish-stream or /v1/publish-many for many');
  return { message, wish: parseWish(ack, replicasTimeoutMs) };
}
