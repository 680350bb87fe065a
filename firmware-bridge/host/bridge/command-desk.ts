import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { isSedgeError, type Log } from '../../../src/errors/index.ts';
import type { DeliveredMessage, Subscription } from '../../../src/index.ts';
import { type DeviceBook, type DeviceRecord, KEPT_COMMANDS_MAX, type KeptCommand } from '../devices/index.ts';
import type { CommandStatus, DeviceCommand, DeviceId, ResultEffect } from '../session/index.ts';
import { encodeDeviceValue, type HostValue } from '../value/index.ts';
import { COMMANDS_FILTER, type ResultBody, readCommandTopic, resultTopic } from './device-messages.ts';
import type { BridgeMesh, IntakeOutcome, MeshIntake } from './mesh-intake.ts';
import type { PortService } from './port-service.ts';

/** What a {@link CommandDesk} works with. */
export interface CommandDeskDependencies {
  readonly mesh: Pick<BridgeMesh, 'subscribe'>;
  readonly book: DeviceBook;
  readonly intake: MeshIntake;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly elapsedMs: () => number;
}

/** Name of the durable subscription: what comes while the agent is down is found when it is up again. */
const SUBSCRIPTION = 'serial-commands';
/** How long a command waits for its device unless it says otherwise: a relay must not switch hours late. */
const TTL_MS = 60_000;
const TTL_MS_MAX = 30 * 86_400_000;
/** A command does not wait longer for messages that its author sent before. */
const GAP_PATIENCE_MS = 1_000;
/** Longest arguments: what fits into one record of 250 bytes. */
const ARGUMENTS_BYTES_MAX = 200;
/** After a failure of the subscription. */
const AGAIN_MS = 5_000;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** Where the device of a command is. */
interface Connection {
  readonly port: PortService;
  readonly epoch: number;
}

/**
 * Takes commands from topics to devices and their results back. Each command is in the book before it is sent, under a
 * number that the device knows it by, and until its result is in the mesh: so a restart neither loses it nor has it
 * done twice.
 */
export class CommandDesk {
  readonly #deps: CommandDeskDependencies;
  readonly #online = new Map<DeviceId, Connection>();
  /** Handed to a session, which answers for them now; by device. */
  readonly #handed = new Map<DeviceId, Set<number>>();
  #subscription: Subscription | null = null;
  #running: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #again: { readonly timer: NodeJS.Timeout; readonly end: () => void } | null = null;
  #stopped = false;

  constructor(deps: CommandDeskDependencies) {
    this.#deps = deps;
  }

  /** Idempotent. */
  start(): void {
    this.#running ??= this.#run();
    this.#expire();
  }

  /** Ends the subscription; what was taken stays in the book. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#again?.end();
    await this.#subscription?.close();
    await this.#running;
  }

  /** Hands a device what waits for it. */
  onOnline(id: DeviceId, port: PortService, epoch: number): void {
    this.#online.set(id, { port, epoch });
    this.#handed.delete(id);
    for (const command of this.#deps.book.get(id)?.commands ?? []) void this.#hand(id, command.id);
  }

  /** Takes back what has no result yet, with what the session knows of its having been sent. */
  onOffline(id: DeviceId, commands: readonly DeviceCommand[]): void {
    this.#online.delete(id);
    this.#handed.delete(id);
    const unsent = new Set(commands.filter(({ sentInEpoch }) => sentInEpoch === null).map((one) => one.id));
    const record = this.#deps.book.get(id);
    if (record === null || record.commands.length === 0) return;
    const back = record.commands.map((one) => (unsent.has(one.id) ? { ...one, sentInEpoch: null } : one));
    this.#deps.book.change(id, { commands: back });
    this.#armTimer();
  }

  /** Brings a result into the mesh, then forgets the command. */
  onResult(port: PortService, { ticket, deviceId, id, status, value }: ResultEffect): void {
    // There was no session any more: the command is still in the book, and waits for the next one.
    if (deviceId === null) return;
    void this.#finish(deviceId, id, { status, value }).then((outcome) => {
      if (ticket !== null && outcome !== 'stopped') port.send({ kind: 'done', ticket });
    });
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#follow();
      } catch (error) {
        if (this.#stopped || isSedgeError(error, 'mesh.not-started')) return;
        this.#deps.log.warn({ error: String(error) }, 'commands to devices cannot be read; trying again');
      }
      if (!this.#stopped) await this.#rest();
    }
  }

  async #follow(): Promise<void> {
    const options = { durable: SUBSCRIPTION, gapPatienceMs: GAP_PATIENCE_MS } as const;
    const subscription = this.#deps.mesh.subscribe(COMMANDS_FILTER, options);
    this.#subscription = subscription;
    try {
      for await (const delivery of subscription) {
        if (delivery.kind !== 'message') continue;
        const taken = await this.#take(delivery);
        // Before it is sent, so that what has its result already never comes again.
        await subscription.acknowledge();
        if (taken !== null) void this.#hand(taken.id, taken.command);
      }
    } finally {
      await subscription.close();
    }
  }

  /** Puts a command into the book; `null` where there is nothing to do (any more). */
  async #take(message: DeliveredMessage): Promise<{ id: DeviceId; command: number } | null> {
    const { name, command } = readCommandTopic(message.topic);
    const record = this.#recordOf(name);
    if (record === null) return null;
    const { author, epoch, seq } = message;
    const request = { author, epoch, seq };
    const known = record.commands.find(
      (one) => one.request.author === author && one.request.epoch === epoch && one.request.seq === seq,
    );
    if (known !== undefined) return { id: record.id, command: known.id };
    const { headers = {} } = message;
    const id = record.lastCommandId + 1;
    const args = argumentsOf(message.payload);
    const kept: KeptCommand = {
      id,
      name: command,
      args: args ?? new Uint8Array(0),
      expiresAtMs: null,
      expiresAtWallMs: this.#deps.nowMs() + ttlMsOf(headers['ttl-ms']),
      sentInEpoch: null,
      request,
      requestId: headers['request-id'] ?? null,
    };
    if (args === null) return this.#refuse(record, kept, 'bad-arguments');
    if (record.commands.length >= KEPT_COMMANDS_MAX) return this.#refuse(record, kept, 'busy');
    this.#deps.book.change(record.id, { lastCommandId: id, commands: [...record.commands, kept] });
    await this.#deps.book.save(record.id);
    this.#armTimer();
    return { id: record.id, command: id };
  }

  async #refuse(record: DeviceRecord, command: KeptCommand, status: CommandStatus): Promise<null> {
    await this.#publishResult(record, command, { status, value: null });
    return null;
  }

  /** Gives a command to the session of its device, if there is one and time is left. */
  async #hand(id: DeviceId, commandId: number): Promise<void> {
    const { book, nowMs, elapsedMs, log } = this.#deps;
    const connection = this.#online.get(id);
    const command = book.get(id)?.commands.find((one) => one.id === commandId);
    const handed = this.#handed.get(id) ?? new Set();
    if (connection === undefined || command === undefined || handed.has(commandId)) return;
    this.#handed.set(id, handed.add(commandId));
    const { epoch, port } = connection;
    const leftMs = command.expiresAtWallMs === null ? null : command.expiresAtWallMs - nowMs();
    if (command.sentInEpoch === null) {
      // Nobody could know after a crash in between, so it is called sent a moment before it is.
      this.#change(id, commandId, { sentInEpoch: epoch });
      try {
        await book.save(id);
      } catch (error) {
        log.error({ device: id, error: String(error) }, 'a command waits, as the book cannot be written');
        handed.delete(commandId);
        return;
      }
    }
    // The device may have gone or come back meanwhile.
    if (this.#online.get(id) !== connection) return;
    port.send({
      kind: 'command',
      command: {
        id: commandId,
        name: command.name,
        args: command.args,
        expiresAtMs: leftMs === null ? null : elapsedMs() + leftMs,
        sentInEpoch: command.sentInEpoch,
      },
    });
  }

  async #finish(
    id: DeviceId,
    commandId: number,
    result: { readonly status: CommandStatus; readonly value: string | null },
  ): Promise<IntakeOutcome> {
    const { book } = this.#deps;
    const record = book.get(id);
    const command = record?.commands.find((one) => one.id === commandId);
    if (record === null || command === undefined) return 'done';
    const outcome = await this.#publishResult(record, command, result);
    if (outcome === 'stopped') return outcome;
    const { commands = [] } = book.get(id) ?? {};
    book.change(id, { commands: commands.filter((one) => one.id !== commandId) });
    this.#handed.get(id)?.delete(commandId);
    // If this does not get there, the result is published again under its id, which the mesh knows.
    await book.save(id).catch(() => {});
    return outcome;
  }

  #publishResult(
    { id, name }: DeviceRecord,
    { name: command, request, requestId }: KeptCommand,
    { status, value }: { readonly status: CommandStatus; readonly value: string | null },
  ): Promise<IntakeOutcome> {
    const body: ResultBody = { status, ...(value === null ? {} : { value: JSON.parse(value) }), request };
    return this.#deps.intake.publish(resultTopic(name, command), JSON.stringify(body), {
      ack: 'durable',
      id: { producer: resultProducer(id, request), n: request.seq },
      ...(requestId === null ? {} : { headers: { 'request-id': requestId } }),
    });
  }

  /** What waits in the book for a device that is away ends with its time. */
  #expire(): void {
    this.#timer = null;
    for (const { id, commands } of this.#deps.book.list()) {
      for (const { id: commandId, expiresAtWallMs, sentInEpoch } of commands) {
        const isDue = expiresAtWallMs !== null && expiresAtWallMs <= this.#deps.nowMs();
        if (!isDue || this.#handed.get(id)?.has(commandId)) continue;
        // It was sent, and the device went before it said what came of it.
        void this.#finish(id, commandId, {
          status: sentInEpoch === null ? 'expired' : 'unknown',
          value: null,
        });
      }
    }
    this.#armTimer();
  }

  #armTimer(): void {
    if (this.#stopped) return;
    const dues = this.#deps.book
      .list()
      .flatMap(({ id, commands }) => commands.filter((one) => !this.#handed.get(id)?.has(one.id)))
      .flatMap(({ expiresAtWallMs }) => (expiresAtWallMs === null ? [] : [expiresAtWallMs]))
      .filter((dueMs) => dueMs > this.#deps.nowMs());
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (dues.length === 0) return;
    const waitMs = Math.min(Math.min(...dues) - this.#deps.nowMs() + 1, TIMEOUT_MS_MAX);
    this.#timer = setTimeout(() => this.#expire(), waitMs);
  }

  #change(id: DeviceId, commandId: number, change: Partial<KeptCommand>): void {
    const { commands = [] } = this.#deps.book.get(id) ?? {};
    this.#deps.book.change(id, {
      commands: commands.map((one) => (one.id === commandId ? { ...one, ...change } : one)),
    });
  }

  #recordOf(name: string): DeviceRecord | null {
    try {
      return this.#deps.book.find(name);
    } catch {
      return null;
    }
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#again = null;
        resolve();
      };
      const timer = setTimeout(end, AGAIN_MS);
      this.#again = { timer, end };
    });
  }
}

/** One result a request, whatever happens: the request names it. */
function resultProducer(id: DeviceId, { author, epoch }: KeptCommand['request']): string {
  const digest = createHash('sha256').update(`${id} ${author} ${epoch}`).digest('hex');
  return `serial-result/${digest.slice(0, 32)}`;
}

/** Arguments of a command as one CBOR item: JSON, or text that is none; nothing is null. `null` if it cannot be said. */
function argumentsOf(payload: Uint8Array): Uint8Array | null {
  const item = encodeDeviceValue(hostValueOf(payload));
  return item === null || item.length > ARGUMENTS_BYTES_MAX ? null : item;
}

function hostValueOf(payload: Uint8Array): HostValue {
  if (payload.length === 0) return null;
  if (!isUtf8(payload)) return payload;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  try {
    return JSON.parse(text) as HostValue;
  } catch {
    return text;
  }
}

function ttlMsOf(text: string | undefined): number {
  const ttlMs = text === undefined ? TTL_MS : Number(text);
  return Number.isFinite(ttlMs) && ttlMs > 0 ? Math.min(Math.round(ttlMs), TTL_MS_MAX) : TTL_MS;
}
