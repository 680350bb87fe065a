import type { SessionEffect } from '../session/index.ts';
import type { MonitorEvent } from './monitor-hub.ts';

/** Bytes of a payload that a monitor shows. */
const SHOWN_BYTES_MAX = 200;

/** What a person who looks at a port sees of an effect; `null` for nothing. */
export function monitorEventOf(
  effect: SessionEffect,
  place: { readonly atMs: number; readonly port: string; readonly device: string | null },
): MonitorEvent | null {
  switch (effect.kind) {
    case 'frame': {
      const { kind, ...frame } = effect;
      return { kind, ...place, ...frame };
    }
    case 'text':
      return { kind: 'log', ...place, level: effect.level, text: effect.text };
    case 'alarm':
      return { kind: 'alarm', ...place, cause: effect.cause, count: effect.count, deviceId: effect.deviceId };
    case 'reading': {
      const { epoch, counter, uptimeMs, topic, payload } = effect;
      const value = Buffer.from(payload.subarray(0, SHOWN_BYTES_MAX)).toString('utf8');
      const fields = { topic: topic.name, value, epoch, counter, uptimeMs, again: effect.isKnown };
      return { kind: 'record', ...place, record: 'reading', ...fields };
    }
    case 'gap': {
      const { epoch, first, last, reason } = effect;
      return { kind: 'record', ...place, record: 'gap', epoch, first, last, reason };
    }
    case 'result':
      return { kind: 'record', ...place, record: 'result', command: effect.id, status: effect.status };
    case 'stats':
      return { kind: 'record', ...place, record: 'stats', ...effect.stats };
    case 'online': {
      const { id, epoch, session, firmware, resetCause } = effect.device;
      return { kind: 'state', ...place, state: 'online', deviceId: id, epoch, session, firmware, resetCause };
    }
    case 'offline':
      return { kind: 'state', ...place, state: 'offline', cause: effect.cause };
    case 'silent':
    case 'heard':
    case 'unprovisioned':
    case 'provisioned':
      return { kind: 'state', ...place, state: effect.kind };
    case 'device-refused':
      return { kind: 'state', ...place, state: 'refused', cause: effect.cause, deviceId: effect.deviceId };
    default:
      return null;
  }
}
