import type { PortStatus } from '../../firmware-bridge/host/index.ts';
import type { Observation } from './alerts-state.ts';

/** Bad tags count for so long. */
const WINDOW_MS = 600_000;
const COUNTERS = ['record.bad-tag', 'greeting.bad-tag'];

interface Sample {
  readonly nowMs: number;
  readonly fresh: number;
}

/** How many records with bad tags came at each serial port within ten minutes. */
export class TagWatch {
  readonly #ports = new Map<string, { total: number; samples: Sample[] }>();

  look(ports: readonly PortStatus[], nowMs: number): readonly Observation[] {
    const paths = new Set(ports.map(({ path }) => path));
    for (const path of this.#ports.keys()) if (!paths.has(path)) this.#ports.delete(path);
    return ports.map(({ path, counters }) => {
      const total = COUNTERS.reduce((sum, name) => sum + (counters[name] ?? 0), 0);
      const port = this.#ports.get(path) ?? { total: 0, samples: [] };
      // A port that was opened anew counts anew.
      const fresh = total >= port.total ? total - port.total : total;
      port.total = total;
      if (fresh > 0) port.samples.push({ nowMs, fresh });
      port.samples = port.samples.filter((sample) => nowMs - sample.nowMs <= WINDOW_MS);
      this.#ports.set(path, port);
      return { subject: path, value: port.samples.reduce((sum, sample) => sum + sample.fresh, 0) };
    });
  }
}
