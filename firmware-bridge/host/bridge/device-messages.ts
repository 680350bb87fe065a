import { DEVICES_TOPIC, type DeviceRecord } from '../devices/index.ts';
import type { CommandStatus } from '../session/index.ts';

/** Filter of the commands to all devices. */
export const COMMANDS_FILTER = `${DEVICES_TOPIC}/+/command/+`;

/** Topic of what the bridge says of a device. */
export function deviceTopic(name: string, what: 'status' | 'stats' | 'gap' | 'alarm'): string {
  return `${DEVICES_TOPIC}/${name}/${what}`;
}

/** Topic of the results of a command. */
export function resultTopic(name: string, command: string): string {
  return `${DEVICES_TOPIC}/${name}/result/${command}`;
}

/** Device and command of a topic that {@link COMMANDS_FILTER} matches. */
export function readCommandTopic(topic: string): { readonly name: string; readonly command: string } {
  const [, name = '', , command = ''] = topic.split('/');
  return { name, command };
}

/** Producer of the publish ids of a device's readings in one epoch; their `n` is the counter. */
export function readingProducer({ id, life }: Pick<DeviceRecord, 'id' | 'life'>, epoch: number): string {
  return life === 0 ? `serial/${id}/${epoch}` : `serial/${id}.${life}/${epoch}`;
}

/** Body of `devices/N/gap`: readings that will not come. `count` is `null` where nobody knows it. */
export interface GapBody {
  readonly epoch: number;
  /** Last of several epochs of which nothing was heard. */
  readonly throughEpoch?: number;
  readonly first: number;
  readonly last: number | null;
  readonly count: number | null;
  readonly reason: 'buffer-full' | 'reset' | 'lost' | 'refused';
}

/** Body of `devices/N/result/COMMAND`. */
export interface ResultBody {
  readonly status: CommandStatus;
  readonly value?: unknown;
  /** The message that asked for it. */
  readonly request: { readonly author: string; readonly epoch: string; readonly seq: number };
}
