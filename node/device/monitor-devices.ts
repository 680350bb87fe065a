import type { CommandContext } from '../cli/command-context.ts';
import { formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';
import type { DeviceStatus, MonitorEvent, PortStatus } from '../control/client/index.ts';
import { watchCounters } from './counter-watch.ts';
import { isPort } from './flash-device.ts';
import { monitorText } from './monitor-text.ts';

/** `sedge device monitor`: what happens on the wire, as it happens, until it is interrupted. */
export async function monitorDevices(context: CommandContext, where: string | undefined): Promise<void> {
  const interruption = context.interruption();
  const tell = (event: MonitorEvent): Promise<void> =>
    context.json ? context.record(event) : context.write(`${monitorText(event)}\n`);
  await context.withAgent(async (agent) => {
    const ended = new AbortController();
    const signal = AbortSignal.any([interruption, ended.signal]);
    const { nowMs } = context.io;
    const wants = (port: PortStatus): boolean => where === undefined || isAt(port, where, []);
    const counters = watchCounters(agent, { wants, nowMs, signal }, tell);
    try {
      const what = where === undefined ? {} : isPort(where) ? { port: where } : { device: where };
      for await (const event of agent.monitorDevices({ ...what, signal })) await tell(event);
    } finally {
      ended.abort();
      await counters;
    }
  });
}

/** `sedge device monitor --counters`: what was counted by cause, once. */
export async function printCounters(context: CommandContext, where: string | undefined): Promise<void> {
  const [devices, ports] = await context.withAgent(async (agent) => [
    await agent.devices(),
    await agent.serialPorts(),
  ]);
  const chosen = ports.filter((port) => where === undefined || isAt(port, where, devices));
  if (context.json) {
    for (const { path, device, deviceId, counters } of chosen)
      await context.record({ port: path, device, deviceId, counters });
    return;
  }
  const rows = chosen.flatMap(({ path, device, counters }) =>
    Object.entries(counters)
      .filter(([, count]) => count > 0)
      .map(([cause, count]) => ({ path, device, cause, count })),
  );
  if (rows.length === 0) return context.write('Nothing was counted.\n');
  await context.write(
    formatTable(rows, [
      { title: 'PORT', cell: ({ path }) => path },
      { title: 'DEVICE', cell: ({ device }) => device ?? '-' },
      { title: 'COUNTED', cell: ({ cause }) => cause },
      { title: 'TIMES', cell: ({ count }) => formatCount(count), align: 'right' },
    ]),
  );
}

function isAt(port: PortStatus, where: string, devices: readonly DeviceStatus[]): boolean {
  if (port.path === where || port.device === where || port.deviceId === where.toLowerCase()) return true;
  return devices.some((device) => device.name === where && device.port === port.path);
}
