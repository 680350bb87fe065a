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
}

/** A day, so that what happens each night is in it; a value each ten minutes. */
const WINDOW = Object.freeze({ windowMs: 86_400_000, everyMs: 600_000 });

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

  /** `processBytes` stand in for what all write, where the disk is not known. */
  sample(nowMs: number, processBytes: number | null): void {
    this.#rates.note(nowMs, new Map([['written', this.#written(processBytes)]]));
  }

  /** `diskBytes` stand in for the card's size. */
  telemetry(
    nowMs: number,
    { processBytes, diskBytes }: { readonly processBytes: number | null; readonly diskBytes: number | null },
  ): CardTelemetry {
    const device = this.#device;
    const { enduranceCycles = ENDURANCE_CYCLES_DEFAULT } = this.#options;
    const bytes = device?.bytes ?? diskBytes;
    const writtenBytesPerSecond = this.#rates.perSecond(nowMs, 'written', this.#written(processBytes));
    const wear = {
      enduranceCycles,
      writeAmplification: WRITE_AMPLIFICATION,
      wornFraction: device?.wornFraction ?? null,
    };
    return {
      device: device?.name ?? null,
      bytes,
      ...wear,
      writtenBytesPerSecond,
      measuredOverMs: this.#rates.overMs(nowMs),
      remainingSeconds:
        bytes === null ? null : remainingSeconds({ ...wear, bytes, bytesPerSecond: writtenBytesPerSecond }),
    };
  }

  #written(processBytes: number | null): number {
    const ofDevice = this.#device === null ? null : deviceWrittenBytes(this.#device, this.#options.sys);
    return ofDevice ?? processBytes ?? 0;
  }
}
