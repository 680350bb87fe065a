import { uptime } from 'node:os';
import { type BlockDevice, deviceWrittenBytes, findBlockDevice } from './block-device.ts';
import { ENDURANCE_CYCLES_DEFAULT, remainingSeconds, WRITE_AMPLIFICATION } from './card-life.ts';
import { RateState } from './rate-state.ts';
import type { CardTelemetry } from './telemetry-snapshot.ts';

/** What a {@link CardWatch} is told. */
export interface CardWatchOptions {
  readonly directory: string;
  /** @defaultValue {@link ENDURANCE_CYCLES_DEFAULT} */
  readonly enduranceCycles?: number;
  /** Where the kernel tells of disks. @defaultValue `'/sys'` */
  readonly sys?: string;
  /** How long the machine is up. @defaultValue as the system says */
  readonly machineUptimeMs?: () => number;
}

/** What was written, and over how long. */
interface Measured {
  readonly bytesPerSecond: number;
  readonly overMs: number;
}

/** A day, so that what happens each night is in it; a value each ten minutes. */
const WINDOW = Object.freeze({ windowMs: 86_400_000, everyMs: 600_000 });
/** A life is not told from less: the start of a machine, or one copy of a file, would decide it. */
const MEASURED_MS_LEAST = 3_600_000;

/** Watches how much is written to the card that the directory lies on, and how long it lasts at that. */
export class CardWatch {
  readonly #options: CardWatchOptions;
  readonly #rates = new RateState(WINDOW);
  #device: BlockDevice | null = null;

  constructor(options: CardWatchOptions) {
    this.#options = options;
  }

  /** Looks for the card. */
  start(): void {
    this.#device = findBlockDevice(this.#options.directory, this.#options.sys);
  }

  /** `agentBytes`: what this process has written; it stands in for what all have, where that is not known. */
  sample(nowMs: number, agentBytes: number | null): void {
    const agent = agentBytes ?? 0;
    this.#rates.note(
      nowMs,
      new Map([
        ['all', this.#deviceBytes() ?? agent],
        ['agent', agent],
      ]),
    );
  }

  /** `diskBytes` stand in for the card's size. */
  telemetry(
    nowMs: number,
    { agentBytes, diskBytes }: { readonly agentBytes: number | null; readonly diskBytes: number | null },
  ): CardTelemetry {
    const device = this.#device;
    const { enduranceCycles = ENDURANCE_CYCLES_DEFAULT } = this.#options;
    const bytes = device?.bytes ?? diskBytes;
    const deviceBytes = this.#deviceBytes();
    const measured = this.#measured(nowMs, { deviceBytes, agentBytes: agentBytes ?? 0 });
    const { bytesPerSecond } = measured;
    const wear = {
      enduranceCycles,
      writeAmplification: WRITE_AMPLIFICATION,
      wornFraction: device?.wornFraction ?? null,
    };
    const isKnown = bytes !== null && measured.overMs >= MEASURED_MS_LEAST;
    return {
      device: device?.name ?? null,
      bytes,
      ...wear,
      writtenBy: deviceBytes === null ? 'agent' : 'all',
      writtenBytesPerSecond: bytesPerSecond,
      agentBytesPerSecond: this.#rates.perSecond(nowMs, 'agent', agentBytes ?? 0),
      measuredOverMs: measured.overMs,
      remainingSeconds: isKnown ? remainingSeconds({ ...wear, bytes, bytesPerSecond }) : null,
    };
  }

  /** The last day, if the agent runs long enough to know; else since the machine started. */
  #measured(
    nowMs: number,
    { deviceBytes, agentBytes }: { readonly deviceBytes: number | null; readonly agentBytes: number },
  ): Measured {
    const overMs = this.#rates.overMs(nowMs);
    const { machineUptimeMs = () => uptime() * 1_000 } = this.#options;
    const upMs = machineUptimeMs();
    if (overMs < MEASURED_MS_LEAST && deviceBytes !== null && upMs >= MEASURED_MS_LEAST)
      return { bytesPerSecond: deviceBytes / (upMs / 1_000), overMs: upMs };
    return { bytesPerSecond: this.#rates.perSecond(nowMs, 'all', deviceBytes ?? agentBytes), overMs };
  }

  #deviceBytes(): number | null {
    return this.#device === null ? null : deviceWrittenBytes(this.#device, this.#options.sys);
  }
}
