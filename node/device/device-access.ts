import { existsSync } from 'node:fs';
import { isSedgeError, SedgeError, silentLog } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import type { AgentClient } from '../control/client/index.ts';
import type { ServedDevices } from '../control/served-devices.ts';
import { DirectoryLock } from '../directory-lock.ts';
import { prepareDirectory } from '../node-directory.ts';

/** What commands need of a device book and its ports, of a running agent or of the directory itself. */
export type DeviceAccess = Pick<
  ServedDevices,
  'devices' | 'ports' | 'provision' | 'add' | 'remove' | 'acceptEpoch'
>;

/**
 * Runs `work` with the agent of the directory or, where none runs, with the directory itself under its lock. A directory
 * that is missing is made, unless `work` only looks: then it holds no devices. `work` is told whether an agent runs.
 */
export async function withDevices<T>(
  context: CommandContext,
  work: (access: DeviceAccess, running: boolean) => Promise<T>,
  { onlyLooks = false }: { readonly onlyLooks?: boolean } = {},
): Promise<T> {
  const agent = context.connect();
  try {
    if (await answers(agent)) return await work(accessOf(agent), true);
  } finally {
    await agent.close();
  }
  if (onlyLooks && !existsSync(context.directory)) return work(NOTHING, false);
  return withDirectory(context, work);
}

async function answers(agent: AgentClient): Promise<boolean> {
  try {
    await agent.status();
    return true;
  } catch (error) {
    if (isSedgeError(error, 'agent.not-running')) return false;
    throw error;
  }
}

function accessOf(agent: AgentClient): DeviceAccess {
  return {
    devices: () => agent.devices(),
    ports: () => agent.serialPorts(),
    provision: (port, options) => agent.provisionDevice(port, options),
    add: (draft) => agent.addDevice(draft),
    remove: (device) => agent.removeDevice(device),
    acceptEpoch: (device) => agent.acceptDeviceEpoch(device),
  };
}

async function withDirectory<T>(
  context: CommandContext,
  work: (access: DeviceAccess, running: boolean) => Promise<T>,
): Promise<T> {
  const { directory } = context;
  await prepareDirectory(directory);
  const { SerialBridge } = await import('../../firmware-bridge/host/index.ts');
  const lock = await DirectoryLock.take(directory);
  const { nowMs } = context.io;
  const bridge = new SerialBridge({ directory }, { mesh: null, log: silentLog, nowMs });
  try {
    await bridge.start();
    const access: DeviceAccess = {
      devices: async () => bridge.devices(),
      ports: async () => bridge.ports(),
      provision: (port, options) => bridge.provision(port, options),
      add: (draft) => bridge.add(draft),
      remove: (device) => bridge.remove(device),
      acceptEpoch: (device) => bridge.acceptEpoch(device),
    };
    return await work(access, false);
  } finally {
    await bridge.stop();
    lock.release();
  }
}

const NOTHING: DeviceAccess = {
  devices: async () => [],
  ports: async () => [],
  provision: notStarted,
  add: notStarted,
  remove: notStarted,
  acceptEpoch: notStarted,
};

/** Never asked for: `onlyLooks` says so. */
function notStarted(): Promise<never> {
  return Promise.reject(new SedgeError('device.unknown'));
}
