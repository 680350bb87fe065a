import {
  listSerialPorts,
  type SerialPortInfo,
} from '../../firmware-bridge/host/discovery/list-serial-ports.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { formatAgo, formatCount } from '../cli/human-figures.ts';
import { formatTable } from '../cli/table.ts';
import type { DeviceStatus, PortStatus } from '../control/client/index.ts';
import { withDevices } from './device-access.ts';
import { problemText } from './problem-text.ts';

/** A port of this machine, as `ls` shows it. */
type PortRow = Pick<PortStatus, 'path' | 'device' | 'deviceId' | 'provisioned' | 'problem'> & {
  readonly state: PortStatus['state'] | 'unused';
  /** What was plugged in, by its own word. */
  readonly product?: string | null;
};

/** `sedge device ls`: devices of the book, then ports where none of them is. */
export async function listDevices(context: CommandContext): Promise<void> {
  const looked = await withDevices(
    context,
    async (access, running) => ({ devices: await access.devices(), ports: await access.ports(), running }),
    { onlyLooks: true },
  );
  const { devices, ports } = looked;
  const rows = [...ports, ...(await listSerialPorts()).flatMap((info) => unused(info, ports))];
  if (context.json) {
    for (const device of devices) await context.record({ kind: 'device', ...device });
    for (const row of rows) await context.record({ kind: 'port', ...row });
    return;
  }
  const others = rows.filter(({ device, problem }) => device === null || problem !== null);
  const text = `${devicesText(devices, context.io.nowMs())}${portsText(others)}`;
  await context.write(context.proposing(text));
  if (!looked.running) context.note('no agent runs here: "sedge start" reads what devices say');
}

function devicesText(devices: readonly DeviceStatus[], nowMs: number): string {
  if (devices.length === 0) return 'No devices. Give one its key with "sedge device provision PORT".\n';
  return formatTable(devices, [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'PORT', cell: ({ port }) => port ?? '-' },
    {
      title: 'FIRMWARE',
      cell: ({ firmware }) => (firmware === null ? '-' : String(firmware)),
      align: 'right',
    },
    { title: 'EPOCH', cell: ({ epoch }) => (epoch === null ? '-' : formatCount(epoch)), align: 'right' },
    { title: 'READINGS', cell: ({ readings }) => formatCount(readings), align: 'right' },
    { title: 'LOST', cell: ({ lost }) => formatCount(lost), align: 'right' },
    { title: 'ALARMS', cell: ({ alarms }) => formatCount(alarms), align: 'right' },
    { title: 'HEARD', cell: ({ lastHeardMs }) => formatAgo(lastHeardMs, nowMs) },
    { title: 'ID', cell: ({ id, name }) => (id === name ? '' : id) },
  ]);
}

/** A port that the agent does not have. */
function unused({ path, byId, byPath, product }: SerialPortInfo, ports: readonly PortStatus[]): PortRow[] {
  if (ports.some((port) => [path, byId, byPath].includes(port.path))) return [];
  const nothing = { device: null, deviceId: null, provisioned: null, problem: null };
  return [{ path: byId ?? path, state: 'unused', ...nothing, product }];
}

function portsText(ports: readonly PortRow[]): string {
  if (ports.length === 0) return '';
  const table = formatTable(ports, [
    { title: 'PORT', cell: ({ path }) => path },
    { title: 'STATE', cell: ({ state }) => state },
    { title: 'DEVICE', cell: deviceText },
    { title: '', cell: (port) => adviceOn(port) },
  ]);
  const problems = ports.flatMap(({ path, problem }) =>
    problem === null ? [] : [`\n${path}: ${problemText(problem)}\n`],
  );
  return `\n${table}${problems.join('')}`;
}

function deviceText({ device, deviceId, provisioned, product }: PortRow): string {
  if (provisioned === false) return 'without a key';
  return device ?? (deviceId === null ? (product ?? '-') : `unknown, ${deviceId}`);
}

function adviceOn({ path, state, deviceId, device, provisioned, problem }: PortRow): string {
  if (problem !== null) return '';
  if (state === 'unused') return `"sedge start --serial ${path}"`;
  if (provisioned === false) return `"sedge device provision ${path}"`;
  return deviceId !== null && device === null ? '"sedge device add", or provision it' : '';
}
