import type { PublishOptions } from '../../../../src/index.ts';
import { optionsOfProperties } from '../message-mapping.ts';
import type { ConnectPacket } from '../packet/packet-codec.ts';

/** What is published should a client's connection end without its word. */
export interface Will {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly options: PublishOptions;
  readonly delaySeconds: number;
}

/** The will of a CONNECT; `null` if it has none. */
export function willOf({ will, clientId }: ConnectPacket, user: string | null): Will | null {
  if (will === undefined) return null;
  const { topic, payload, qos = 0, retain = false, properties } = will;
  const client = { id: clientId, ...(user === null ? {} : { user }), qos };
  const userProperties = Object.entries(properties?.userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  return {
    topic,
    payload,
    options: { ...optionsOfProperties(properties, userProperties), client, retain },
    delaySeconds: properties?.willDelayInterval ?? 0,
  };
}
