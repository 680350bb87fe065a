import type { AgentClient, MonitorEvent, PortStatus } from '../control/client/index.ts';

/** How often what was counted is looked at. */
const LOOK_MS = 2_000;

/** Options of {@link watchCounters}. */
export interface CounterWatchOptions {
  /** Whether a port is of interest. */
  readonly wants: (port: PortStatus) => boolean;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** @defaultValue 2,000 */
  readonly lookMs?: number;
}

/**
 * Tells of each port what was counted by cause since it was told last: noise and refusals come in thousands, too many
 * for a line each. An event has the kind `counted`. Ends with its signal, and in peace where the agent went away.
 */
export async function watchCounters(
  agent: Pick<AgentClient, 'serialPorts'>,
  { wants, nowMs, signal, lookMs = LOOK_MS }: CounterWatchOptions,
  tell: (event: MonitorEvent) => Promise<void>,
): Promise<void> {
  const told = new Map<string, PortStatus['counters']>();
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const ports = await agent.serialPorts().catch(() => null);
    if (ports === null) return;
    for (const port of ports.filter(wants)) {
      const before = told.get(port.path) ?? (isFirst ? port.counters : {});
      told.set(port.path, port.counters);
      const counters = risen(port.counters, before);
      const { path, device } = port;
      if (counters !== null) await tell({ kind: 'counted', atMs: nowMs(), port: path, device, counters });
    }
    await pause(lookMs, signal);
  }
}

/** Causes have the form of error codes; bytes and openings are no matter for this. */
function risen(
  now: PortStatus['counters'],
  before: PortStatus['counters'],
): Readonly<Record<string, number>> | null {
  const rises = Object.entries(now)
    .filter(([name]) => name.includes('.'))
    .map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
    .filter(([, rise]) => rise > 0);
  return rises.length === 0 ? null : Object.fromEntries(rises);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
