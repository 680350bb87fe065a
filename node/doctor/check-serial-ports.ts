import { listSerialPorts } from '../../firmware-bridge/host/discovery/list-serial-ports.ts';
import { isSedgeError } from '../../src/errors/index.ts';
import { formatCount, plural } from '../cli/human-figures.ts';
import { resolveSettings } from '../config/index.ts';
import type { AgentClient, DeviceStatus, PortStatus } from '../control/client/index.ts';
import { checkSerial } from './check-serial.ts';
import { type Finding, fail, warn } from './finding.ts';
import { machineProbe, type SerialProbe } from './serial-probe.ts';

/** What {@link checkSerialPorts} needs of a command's surroundings. */
export interface SerialSurroundings {
  readonly directory: string;
  readonly io: { readonly env: Readonly<Record<string, string | undefined>> };
}

/** Serial ports of the settings and of the running agent, and alarms of devices; nothing where there are none. */
export async function checkSerialPorts(
  { directory, io }: SerialSurroundings,
  agent: AgentClient,
  probe: SerialProbe = machineProbe(),
): Promise<Finding[]> {
  let configured: readonly string[] = [];
  const findings: Finding[] = [];
  try {
    configured = (await resolveSettings(directory, {}, io.env)).serial ?? [];
  } catch (error) {
    // What is wrong with the settings is told by the check of them.
    if (!isSedgeError(error)) throw error;
  }
  const running = await askAgent(agent, findings);
  const ports = [...new Set([...configured, ...(running?.serial ?? [])])];
  if (ports.length > 0) {
    const usb = (await listSerialPorts()).filter(({ vendorId }) => vendorId !== null);
    const available = usb.map(({ byId, path }) => byId ?? path);
    findings.push(...checkSerial({ ports, available, agent: running }, probe));
  }
  const devices = running?.devices ?? [];
  return [...findings, ...checkAlarms(devices), ...checkRefusals(devices)];
}

interface RunningAgent {
  readonly pid: number;
  readonly serial: readonly string[];
  readonly ports: readonly PortStatus[];
  readonly devices: readonly DeviceStatus[];
}

/** What a running agent has; `null` where none answers, which another check tells of. */
async function askAgent(agent: AgentClient, findings: Finding[]): Promise<RunningAgent | null> {
  const status = await agent.status().catch((error: unknown) => {
    if (isSedgeError(error)) return null;
    throw error;
  });
  if (status === null) return null;
  const { pid, serial = [] } = status.agent;
  // One without ports would load its bridge for the question.
  if (serial.length === 0) return { pid, serial, ports: [], devices: [] };
  try {
    return { pid, serial, ports: await agent.serialPorts(), devices: await agent.devices() };
  } catch (error) {
    if (!isSedgeError(error)) throw error;
    findings.push({ ...fail('devices', error.message, error.next), code: error.code });
    return { pid, serial, ports: [], devices: [] };
  }
}

function checkAlarms(devices: readonly DeviceStatus[]): Finding[] {
  return devices
    .filter(({ alarms }) => alarms > 0)
    .map(({ name, alarms }) => {
      const next = `See "sedge device monitor ${name} --counters" and the log: somebody may be at its wire.`;
      return warn('device alarm', `${name}: ${plural(alarms, 'alarm')}`, next);
    });
}

/** The device is told that they arrived, and goes on: only here is anything wrong. */
function checkRefusals(devices: readonly DeviceStatus[]): Finding[] {
  return devices
    .filter(({ refused }) => refused > 0)
    .map(({ name, refused }) => {
      const next = `Look at its --prefix and --topics ("sedge device ls --json"), and at "why" in the agent's log.`;
      return warn('device readings', `${name}: ${formatCount(refused)} are refused`, next);
    });
}
