import { checkTopic, type DeliveredMessage, type PublishOptions } from '../../../src/index.ts';
import type { PublishPacket, ReceivedPacket } from './packet/packet-codec.ts';

/** Properties of a PUBLISH that both directions have. */
export type PublishProperties = NonNullable<PublishPacket['properties']>;

/** Headers in which MQTT's own properties travel; user properties with such a name travel in the last of them. */
const OWN_PREFIX = 'mqtt-';
const RESPONSE_TOPIC = 'mqtt-response-topic';
const CORRELATION_DATA = 'mqtt-correlation-data';
const PAYLOAD_FORMAT = 'mqtt-payload-format';
/** User property that tells a client how many messages before this one are gone. */
const GAP = 'sedge-missing';
/** JSON list of [name, value] where names repeat, or would not keep their order as headers. */
const USER_PROPERTIES = 'mqtt-user-properties';

type UserProperties = ReceivedPacket['userProperties'];

/** What of the properties of a PUBLISH (or will) goes into the options of `publish`. */
export function optionsOfProperties(
  properties: PublishProperties | undefined,
  userProperties: UserProperties,
): Pick<PublishOptions, 'contentType' | 'headers' | 'ttlSeconds'> {
  if (properties === undefined && userProperties.length === 0) return {};
  const { contentType, responseTopic, correlationData, payloadFormatIndicator, messageExpiryInterval } =
    properties ?? {};
  const headers: Record<string, string> = headersOf(userProperties);
  if (responseTopic !== undefined) headers[RESPONSE_TOPIC] = responseTopic;
  if (correlationData !== undefined) headers[CORRELATION_DATA] = correlationData.toString('base64');
  if (payloadFormatIndicator === true) headers[PAYLOAD_FORMAT] = 'utf-8';
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    // The mesh has no lifetime of 0: what expires at once lives for a second.
    ...(messageExpiryInterval === undefined ? {} : { ttlSeconds: Math.max(1, messageExpiryInterval) }),
  };
}

/** What a PUBLISH says beside its message. */
export interface PublishContext {
  readonly subscriptionIds: readonly number[];
  /** Messages before it that are gone; 0 for none. */
  readonly missing: number;
}

/** The properties of a PUBLISH for a message of the mesh; `userProperties` as mqtt-packet keeps their order. */
export function propertiesOfMessage(
  message: DeliveredMessage,
  { subscriptionIds, missing }: PublishContext,
): PublishProperties {
  const { headers = {}, lifetimeLeftMs } = message;
  const contentType = cleanText(message.contentType);
  const responseTopic = topicOrNone(headers[RESPONSE_TOPIC]);
  const correlationData = headers[CORRELATION_DATA];
  const userProperties = userPropertiesOf(headers);
  if (missing > 0) userProperties.push({ [GAP]: String(missing) });
  return {
    ...(headers[PAYLOAD_FORMAT] === 'utf-8' ? { payloadFormatIndicator: true } : {}),
    ...(lifetimeLeftMs === undefined ? {} : { messageExpiryInterval: Math.ceil(lifetimeLeftMs / 1_000) }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData, 'base64') }),
    ...(subscriptionIds.length === 0 ? {} : { subscriptionIdentifier: [...subscriptionIds] }),
    ...(userProperties.length === 0 ? {} : { userProperties: userProperties as never }),
  };
}

/** Messages of the mesh may hold what no text of MQTT does. */
function cleanText(text: string | undefined): string | undefined {
  return text?.replaceAll('\0', '\ufffd');
}

function topicOrNone(text: string | undefined): string | undefined {
  return text !== undefined && checkTopic(text, { allowReserved: true }).ok ? text : undefined;
}

function headersOf(userProperties: UserProperties): Record<string, string> {
  // No prototype: a property may be named like one of Object.
  const headers = Object.create(null) as Record<string, string>;
  for (const [name, value] of userProperties) headers[name] = value;
  const asGiven = userProperties.map(([name]) => name).join('\0') === Object.keys(headers).join('\0');
  const plain = asGiven && userProperties.every(([name]) => !name.startsWith(OWN_PREFIX));
  if (plain) return headers;
  for (const name of Object.keys(headers)) if (name.startsWith(OWN_PREFIX)) delete headers[name];
  headers[USER_PROPERTIES] = JSON.stringify(userProperties);
  return headers;
}

function userPropertiesOf(headers: Readonly<Record<string, string>>): Record<string, string>[] {
  const listed = listOf(headers[USER_PROPERTIES]);
  const pairs = listed ?? Object.entries(headers).filter(([name]) => !name.startsWith(OWN_PREFIX));
  return pairs.map(([name, value]) => {
    const pair = Object.create(null) as Record<string, string>;
    pair[cleanText(name)!] = cleanText(value)!;
    return pair;
  });
}

/** The list of a message that came from a gateway; anything else under the name is no list. */
function listOf(text: string | undefined): [string, string][] | null {
  if (text === undefined) return null;
  try {
    const list: unknown = JSON.parse(text);
    const isList =
      Array.isArray(list) &&
      list.every(
        (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((one) => typeof one === 'string'),
      );
    return isList ? (list as [string, string][]) : null;
  } catch {
    return null;
  }
}
