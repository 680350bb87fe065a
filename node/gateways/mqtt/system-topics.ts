import type { PublishPacket } from './packet/packet-codec.ts';

/** A value of the gateway's own. */
export interface SystemValue {
  readonly topic: string;
  readonly value: string;
}

/** What the values are made of. */
export interface SystemFacts {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly connected: number;
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly node: string;
  readonly name: string;
}

/** How often values are sent to who subscribed to them, milliseconds. */
export const SYSTEM_INTERVAL_MS = 10_000;

/** The values under `$SYS/`, by the names that other brokers have for them. */
export function systemValues(facts: SystemFacts): SystemValue[] {
  const values: Record<string, string | number> = {
    'broker/version': facts.version,
    'broker/uptime': `${facts.uptimeSeconds} seconds`,
    'broker/clients/connected': facts.connected,
    'broker/clients/disconnected': facts.sessions - facts.connected,
    'broker/clients/total': facts.sessions,
    'broker/subscriptions/count': facts.subscriptions,
    'broker/messages/received': facts.messagesIn,
    'broker/messages/sent': facts.messagesOut,
    'sedge/node': facts.node,
    'sedge/name': facts.name,
  };
  return Object.entries(values).map(([name, value]) => ({ topic: `$SYS/${name}`, value: String(value) }));
}

/** A value as it is sent: of QoS 0, and retained where it is the answer to a subscription. */
export function systemPacket({ topic, value }: SystemValue, retain: boolean): PublishPacket {
  return { cmd: 'publish', topic, payload: Buffer.from(value), qos: 0, dup: false, retain };
}
