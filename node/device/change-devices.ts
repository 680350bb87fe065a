import { Buffer } from 'node:buffer';
import { realpathSync } from 'node:fs';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import type { DeviceDraft, DeviceName, ProvisionOptions } from '../control/client/index.ts';
import { withDevices } from './device-access.ts';
import { readDeviceKey } from './read-key.ts';

/** Options of `sedge device provision`. */
export interface ProvisionCommandOptions {
  readonly name?: string;
  readonly baud?: number;
  readonly prefix?: string;
  readonly topics?: readonly string[];
  readonly signingKey?: string;
  readonly force?: boolean;
}

/** Options of `sedge device add`. */
export interface AddCommandOptions {
  readonly id?: string;
  readonly keyFile?: string;
  readonly signingKey?: string;
  readonly prefix?: string;
  readonly topics?: readonly string[];
  readonly acceptEpoch?: boolean;
}

/** `sedge device provision`: a new key for the device at a port. */
export async function provisionDevice(
  context: CommandContext,
  port: string,
  { baud, signingKey, ...rest }: ProvisionCommandOptions,
): Promise<void> {
  const options: ProvisionOptions = {
    ...rest,
    ...(baud === undefined ? {} : { baudRate: baud }),
    ...signingKeyOf(signingKey),
  };
  const { id, name, served } = await withDevices(context, async (access) => {
    const device = await access.provision(port, options);
    const served = (await access.ports()).some(({ path, deviceId }) => {
      return deviceId === device.id || isSameFile(path, port);
    });
    return { ...device, served };
  });
  if (context.json) return context.record({ id, name, port });
  await context.write(`${titleOf({ id, name })} has its key\n`);
  if (!served) context.note(`  Read it with "sedge start --serial ${port}", or "serial" in sedge.yaml.`);
}

/** `sedge device add`: a device that has its key already; with `acceptEpoch` one that is known. */
export async function addDevice(
  context: CommandContext,
  name: string,
  { acceptEpoch = false, ...options }: AddCommandOptions,
): Promise<void> {
  if (acceptEpoch) return acceptLowerEpoch(context, name, options);
  const draft = await draftOf(context, name, options);
  const device = await withDevices(context, (access) => access.add(draft));
  if (context.json) return context.record(device);
  await context.write(`added ${titleOf(device)}\n`);
}

/** `sedge device remove`: forgets a device and its key. */
export async function removeDevice(context: CommandContext, name: string): Promise<void> {
  const device = await withDevices(context, (access) => access.remove(name));
  if (context.json) return context.record({ ...device, removed: true });
  await context.write(`removed ${titleOf(device)}\n`);
  context.note('  The device keeps its key: it is refused until it is added or provisioned again.');
}

async function acceptLowerEpoch(
  context: CommandContext,
  name: string,
  options: Omit<AddCommandOptions, 'acceptEpoch'>,
): Promise<void> {
  if (Object.values(options).some((value) => value !== undefined))
    throw new SedgeError('cli.usage', {
      reason: '--accept-epoch is for a device that is known, and goes alone',
    });
  const device = await withDevices(context, (access) => access.acceptEpoch(name));
  if (context.json) return context.record({ ...device, acceptEpoch: true });
  await context.write(`${titleOf(device)} may come back with a lower epoch, once\n`);
}

async function draftOf(
  context: CommandContext,
  name: string,
  { id, keyFile, signingKey, prefix, topics }: AddCommandOptions,
): Promise<DeviceDraft> {
  if (id === undefined || keyFile === undefined)
    throw new SedgeError('cli.usage', { reason: 'a device needs --id and --key-file (- for stdin)' });
  return {
    id,
    name,
    key: await readDeviceKey(context, keyFile),
    ...signingKeyOf(signingKey),
    ...(prefix === undefined ? {} : { prefix }),
    ...(topics === undefined ? {} : { topics }),
  };
}

function signingKeyOf(hex: string | undefined): { readonly signingKey?: Uint8Array } {
  return hex === undefined ? {} : { signingKey: Uint8Array.from(Buffer.from(hex, 'hex')) };
}

/** Also where one of them is a link such as those below `/dev/serial`. */
function isSameFile(path: string, port: string): boolean {
  if (path === port) return true;
  try {
    return realpathSync(path) === realpathSync(port);
  } catch {
    return false;
  }
}

function titleOf({ id, name }: DeviceName): string {
  return name === id ? name : `${name} (${id})`;
}
