import { FRAME_OVERHEAD_BYTES } from '../frame/index.ts';
import { RECORD_HEADER_BYTES, TAG_BYTES } from '../seal/index.ts';
import type { DeviceClock } from './device-clock.ts';
import type { CommandStatus, DeviceCommand, DeviceFacts } from './device-facts.ts';
import { commandValue, type HostRecord } from './host-records.ts';
import type { Outbox } from './outbox.ts';
import type { CommandResult } from './record-values.ts';
import type { Ticket } from './session-events.ts';
import type { SessionTopics } from './session-topics.ts';

/** What commands are sent with. */
export interface CommandDependencies {
  readonly facts: DeviceFacts;
  readonly clock: DeviceClock;
  readonly topics: SessionTopics;
  readonly outbox: Outbox;
}

interface Pending {
  command: DeviceCommand;
  /** Handed to the link. */
  isQueued: boolean;
}

/** Commands of a session that have no result yet. */
export class SessionCommands {
  readonly #maxPending: number;
  readonly #deps: CommandDependencies;
  readonly #pending = new Map<number, Pending>();

  constructor(maxPending: number, dependencies: CommandDependencies) {
    this.#maxPending = maxPending;
    this.#deps = dependencies;
  }

  /** When the next command that was not sent expires. */
  get wakeAtMs(): number | null {
    let wakeAtMs: number | null = null;
    for (const { command, isQueued } of this.#pending.values()) {
      const { expiresAtMs, sentInEpoch } = command;
      if (isQueued || expiresAtMs === null || sentInEpoch !== null) continue;
      if (wakeAtMs === null || expiresAtMs < wakeAtMs) wakeAtMs = expiresAtMs;
    }
    return wakeAtMs;
  }

  /** A command of the bridge. The device that started anew since it was sent may have done it or not. */
  offer(command: DeviceCommand): void {
    const { id, sentInEpoch } = command;
    if (this.#pending.has(id)) return;
    if (sentInEpoch !== null && sentInEpoch !== this.#deps.facts.epoch) this.answer(id, 'unknown');
    else if (this.#pending.size >= this.#maxPending) this.answer(id, 'busy');
    else this.#pending.set(id, { command, isQueued: false });
  }

  /** What can go to the link now. */
  ready(nowMs: number): HostRecord[] {
    const records: HostRecord[] = [];
    for (const pending of [...this.#pending.values()]) {
      if (pending.isQueued) continue;
      const record = this.#prepare(pending.command, nowMs);
      if (record === null) continue;
      pending.isQueued = true;
      records.push(record);
    }
    return records;
  }

  /** The value of a command that goes out now. */
  value(command: DeviceCommand): Uint8Array {
    const pending = this.#pending.get(command.id);
    const { epoch } = this.#deps.facts;
    if (pending !== undefined && pending.command.sentInEpoch === null) {
      pending.command = { ...command, sentInEpoch: epoch };
      this.#deps.outbox.push({ kind: 'command-sent', id: command.id, epoch });
    }
    return commandValue(command, this.#deadline(command));
  }

  /** A result of the device, also of a command that is not known here: the agent may have started anew. */
  finish({ id, status, value }: CommandResult, ticket: Ticket): void {
    this.#pending.delete(id);
    this.#deps.outbox.push({ kind: 'result', ticket, deviceId: this.#deps.facts.id, id, status, value });
  }

  /** What has no result when the session ends. */
  left(): DeviceCommand[] {
    return [...this.#pending.values()].map(({ command }) => command);
  }

  /** A result that the host itself knows. */
  answer(id: number, status: CommandStatus): void {
    this.#pending.delete(id);
    const { facts, outbox } = this.#deps;
    outbox.push({ kind: 'result', ticket: null, deviceId: facts.id, id, status, value: null });
  }

  /** The record of a command; `null` if it must wait, or was answered. */
  #prepare(command: DeviceCommand, nowMs: number): HostRecord | null {
    const { topics, clock, facts } = this.#deps;
    const { id, name, expiresAtMs, sentInEpoch } = command;
    // One that was sent in this epoch may have been done in time: the device knows.
    if (expiresAtMs !== null && nowMs >= expiresAtMs && sentInEpoch === null) {
      this.answer(id, 'expired');
      return null;
    }
    const topic = topics.command(name);
    if (topic === null) {
      if (topics.all !== null) this.answer(id, 'unknown-command');
      return null;
    }
    if (expiresAtMs !== null && !clock.isKnown) return null;
    const overhead = FRAME_OVERHEAD_BYTES + RECORD_HEADER_BYTES + TAG_BYTES;
    if (commandValue(command, this.#deadline(command)).length + overhead > facts.mtu) {
      this.answer(id, 'bad-arguments');
      return null;
    }
    return { kind: 'command', topicId: topic.id, command };
  }

  /** By the device's clock; 0 stands for none, so one that falls on it is a millisecond later. */
  #deadline({ expiresAtMs }: DeviceCommand): number {
    const uptimeMs = expiresAtMs === null ? null : this.#deps.clock.uptimeAt(expiresAtMs);
    return uptimeMs === null ? 0 : uptimeMs % 2 ** 32 || 1;
  }
}
