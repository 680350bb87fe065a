import type { DeviceId } from './device-facts.ts';
import type { AlarmCause, SessionEffect } from './session-events.ts';

/** No more than one alarm of a cause in this time. */
const INTERVAL_MS = 1_000;

interface Held {
  lastMs: number;
  count: number;
  deviceId: DeviceId | null;
}

/** Tells people of alarms at once, and of a storm of them once a second. */
export class AlarmGate {
  readonly #held = new Map<AlarmCause, Held>();

  /** When alarms that were held back are due. */
  get wakeAtMs(): number | null {
    let wakeAtMs: number | null = null;
    for (const { lastMs, count } of this.#held.values()) {
      if (count > 0 && (wakeAtMs === null || lastMs + INTERVAL_MS < wakeAtMs))
        wakeAtMs = lastMs + INTERVAL_MS;
    }
    return wakeAtMs;
  }

  raise(cause: AlarmCause, deviceId: DeviceId | null): void {
    const held = this.#held.get(cause);
    if (held === undefined) this.#held.set(cause, { lastMs: Number.NEGATIVE_INFINITY, count: 1, deviceId });
    else {
      held.count++;
      held.deviceId = deviceId;
    }
  }

  /** Alarms that are due. */
  due(nowMs: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    for (const [cause, held] of this.#held) {
      if (held.count === 0 || nowMs < held.lastMs + INTERVAL_MS) continue;
      effects.push({ kind: 'alarm', deviceId: held.deviceId, cause, count: held.count });
      held.lastMs = nowMs;
      held.count = 0;
    }
    return effects;
  }
}
