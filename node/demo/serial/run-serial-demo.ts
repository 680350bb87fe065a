import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../../simulations/index.ts';
import type { DemoView } from '../demo-view.ts';
import { readInTurn } from '../readings.ts';
import { BridgeWatch } from './bridge-watch.ts';
import type { DeviceEvent } from './device-event.ts';
import { ReadingLedger } from './reading-ledger.ts';
import { SERIAL_ACCIDENTS } from './serial-accidents.ts';
import { SerialScene } from './serial-scene.ts';
import { isSerialPerfect, type SerialSummary } from './serial-summary.ts';
import type { SerialPicture } from './serial-view.ts';
import type { DeviceTopic } from './virtual-device.ts';
import type { WatcherRecord } from './watcher.ts';

/** How to run the serial demo. */
export interface SerialDemoOptions {
  /** How many readings to replay. */
  readonly readings: number;
  readonly readingsPerSecond: number;
  /** Bytes that the line loses, in parts of all; half as many are altered. */
  readonly noise: number;
  /** Makes the same noise again. */
  readonly seed: number;
  /** Keeps the directories. */
  readonly keep: boolean;
  readonly view: DemoView<SerialPicture>;
  /** Ends it early; everything is removed all the same. */
  readonly signal: AbortSignal;
}

/** After this a run has failed, whatever is missing. A machine with other work takes several times as long as an idle one. */
const RUN_MS_MAX = 180_000;
/** Time for what arrives twice to arrive. */
const SETTLE_MS = 500;
const LOOK_MS = 50;
/** Until the device's first session stands. */
const SESSION_MS_MAX = 45_000;
/** Seconds of readings that the device can hold: more than a short accident lasts, less than the longest. */
const RING_SECONDS = 5;
/** What a reading takes of it. */
const READING_BYTES = 15;
const RING_BYTES_MAX = 65_535;
/** A device that is not back so long after an accident has failed; it is to be back in 4 s of its own time. */
const RECONNECT_MS_MAX = 40_000;
/** A sketch prints something in one of so many chunks. */
const PRINTED = 0.01;
const STATIONS = ['Dongsi', 'Gucheng', 'Huairou', 'Tiantan'];
const QUANTITIES = [
  { name: 'PM2.5', unit: 'ug/m3' },
  { name: 'TEMP', unit: 'C' },
];
const TOPICS: readonly DeviceTopic[] = STATIONS.flatMap((station) =>
  QUANTITIES.map(({ name, unit }) => ({ name: `air/${station}/${name}`, type: 'float' as const, unit })),
);

/**
 * Real readings through a device on a noisy serial line, which is unplugged, loses its power, and whose gateway is
 * killed: each must reach a subscriber at another node once, or be reported as lost.
 */
export async function runSerialDemo(options: SerialDemoOptions): Promise<SerialSummary> {
  const run = new SerialDemoRun(options);
  const scene = await SerialScene.make(
    {
      topics: TOPICS,
      ringBytes: Math.min(RING_BYTES_MAX, options.readingsPerSecond * RING_SECONDS * READING_BYTES),
      noise: { lost: options.noise, flipped: options.noise / 2, printed: options.noise > 0 ? PRINTED : 0 },
      chance: new SeededRandom(`serial-demo-${options.seed}`),
      signal: options.signal,
    },
    run,
  );
  try {
    return await run.play(scene);
  } finally {
    run.close();
    await scene.close({ keep: options.keep });
  }
}

/** One run, from an empty directory to its summary. */
class SerialDemoRun {
  readonly #options: SerialDemoOptions;
  readonly #ledger = new ReadingLedger();
  readonly #latest = new Map<string, string>();
  readonly #startedAtMs = performance.now();
  readonly #problems: string[] = [];
  #bridge: BridgeWatch | null = null;
  #alarms = 0;
  readonly #onlines = new Set<number>();
  #isFed = false;
  #compiler = '';

  constructor(options: SerialDemoOptions) {
    this.#options = options;
  }

  onDeviceEvent(event: DeviceEvent): void {
    if (event.kind !== 'taken') return;
    const topic = TOPICS[event.topicId - 1]?.name ?? '';
    this.#ledger.take({ epoch: event.epoch, counter: event.counter, topic, value: event.value });
  }

  onRecord(record: WatcherRecord): void {
    if (record.kind === 'reading') {
      this.#ledger.arrive(record);
      this.#latest.set(record.topic, record.value);
    } else if (record.kind === 'gap') {
      const { epoch, first, last, reason } = record;
      this.#ledger.report({ epoch, first, last, reason });
      const end = record.last === null ? 'on' : `to ${record.last}`;
      this.#tell(
        `told of a gap: readings ${record.first} ${end} of epoch ${record.epoch} (${record.reason})`,
      );
    } else if (record.kind === 'alarm') {
      this.#alarms++;
    } else if (record.state === 'online') {
      // Told again when its topics are known: the same time, the same session.
      this.#onlines.add(record.since);
    }
  }

  async play(scene: SerialScene): Promise<SerialSummary> {
    this.#tell('building the virtual device from the C library');
    this.#compiler = await scene.build();
    this.#tell('making a realm of two nodes: the gateway with the serial port, the centre with a subscriber');
    await scene.connectDevice();
    await scene.startNodes();
    await scene.provision('air-station');
    this.#bridge = new BridgeWatch(scene.gatewayDirectory);
    await this.#watch(scene, () => this.#onlines.size > 0, SESSION_MS_MAX);
    this.#tell('the device has its key, and the line is noisy from here on; readings flow');
    const feeding = this.#feed(scene);
    // Seen where it is awaited below; until then a failure shall not count as unhandled.
    feeding.catch(() => {});
    await this.#haveAccidents(scene);
    await feeding;
    this.#tell('all readings are taken');
    await this.#watch(scene, () => this.#ledger.isAccountedFor);
    await sleep(SETTLE_MS, undefined, { signal: this.#options.signal });
    await this.#bridge.look();
    return this.#summary(scene);
  }

  /** Ends what would keep the process alive. */
  close(): void {
    this.#bridge?.close();
  }

  /** Feeds at the pace that is asked for; a device without power measures nothing. */
  async #feed(scene: SerialScene): Promise<void> {
    const { signal, readings, readingsPerSecond } = this.#options;
    const idOf = new Map(TOPICS.map(({ name }, index) => [name, index + 1]));
    const startedAtMs = performance.now();
    let count = 0;
    for await (const { station, quantity, value } of readInTurn(STATIONS)) {
      const id = idOf.get(`air/${station}/${quantity}`);
      if (id === undefined) continue;
      if (count === readings) break;
      const waitMs = startedAtMs + (count * 1_000) / readingsPerSecond - performance.now();
      if (waitMs > 1) await sleep(waitMs, undefined, { signal });
      scene.feed(id, value);
      count++;
    }
    this.#isFed = true;
  }

  /** One after another: the next one waits until the device is back. */
  async #haveAccidents(scene: SerialScene): Promise<void> {
    const { signal, readings } = this.#options;
    for (const accident of SERIAL_ACCIDENTS) {
      await this.#watch(scene, () => this.#isFed || this.#ledger.taken >= accident.atPart * readings);
      const before = this.#onlines.size;
      let isOver = false;
      const happening = accident
        .happen(scene, (event) => this.#tell(event), signal)
        .finally(() => {
          isOver = true;
        });
      await Promise.all([happening, this.#watch(scene, () => isOver)]);
      await this.#watch(scene, () => this.#onlines.size > before, RECONNECT_MS_MAX);
      if (this.#onlines.size === before) this.#problems.push(`not back after: ${accident.name}`);
      else this.#tell('the device is online again');
    }
  }

  #summary(scene: SerialScene): SerialSummary {
    const { seed, keep } = this.#options;
    const findings = this.#ledger.findings();
    const summary = {
      ...findings,
      badFrames: this.#bridge?.badFrames ?? 0,
      reconnects: this.#reconnects,
      alarms: this.#alarms,
      noise: scene.noise,
      gaps: this.#ledger.gaps,
      unplugged: 2,
      resets: 1,
      killed: 1,
      seconds: Math.round(this.#runMs / 100) / 10,
      seed,
      compiler: this.#compiler,
      problems: this.#problems,
      ...(keep ? { directory: scene.root } : {}),
    };
    return { perfect: isSerialPerfect(summary), ...summary };
  }

  /** How often the mesh was told that the device is there again. */
  get #reconnects(): number {
    return Math.max(0, this.#onlines.size - 1);
  }

  get #runMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Shows how things stand until `isOver`, or until that or the whole run took too long. */
  async #watch(scene: SerialScene, isOver: () => boolean, patienceMs = RUN_MS_MAX): Promise<void> {
    const endMs = Math.min(RUN_MS_MAX, this.#runMs + patienceMs);
    while (!isOver() && this.#runMs < endMs) {
      if (scene.failure !== null) throw new Error(scene.failure);
      this.#show(scene);
      await sleep(LOOK_MS, undefined, { signal: this.#options.signal });
    }
  }

  #show(scene: SerialScene): void {
    this.#options.view.picture({
      readings: this.#options.readings,
      arrived: Math.min(this.#ledger.arrived, this.#options.readings),
      seconds: this.#runMs / 1_000,
      taken: this.#ledger.taken,
      badFrames: this.#bridge?.badFrames ?? 0,
      reconnects: this.#reconnects,
      noise: scene.noise,
      isDeviceOn: scene.isDeviceOn,
      isPlugged: scene.isPlugged,
      isGatewayUp: scene.isGatewayUp,
      latest: this.#latest,
    });
  }

  #tell(event: string): void {
    this.#options.view.event(event, this.#runMs / 1_000);
  }
}
