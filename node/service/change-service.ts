import { createInterface } from 'node:readline/promises';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { exampleText } from '../config/index.ts';
import { serviceCommand } from './service-command.ts';
import { ServiceHost } from './service-host.ts';
import { installPlan, PACKAGED_UNIT, planText, type ServiceStep, uninstallPlan } from './service-plan.ts';
import { SERVICE_DIRECTORY, sysusersText, tmpfilesText, unitText } from './unit-text.ts';

/** Options of both. */
export interface ChangeOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly root?: string;
}

/** Options of `sedge service install`. */
export interface InstallOptions extends ChangeOptions {
  readonly memoryMax: string;
  readonly start: boolean;
}

/** Options of `sedge service uninstall`. */
export interface UninstallOptions extends ChangeOptions {
  readonly purge?: boolean;
}

/**
 * `sedge service install`. Throws `service.packaged`, `service.unreachable`, `service.no-systemd`, `service.not-root`
 * and `service.failed`.
 */
export async function installService(context: CommandContext, options: InstallOptions): Promise<void> {
  const host = new ServiceHost(options.root ?? '/');
  refusePackaged(host);
  const { ActiveState, UnitFileState } = await host.unit(['ActiveState', 'UnitFileState']);
  const steps = installPlan({
    root: host.root,
    texts: {
      unit: unitText({
        command: serviceCommand({ reachable: host.root === '/' }),
        memoryMax: options.memoryMax,
      }),
      sysusers: sysusersText(),
      tmpfiles: tmpfilesText(),
      settings: exampleText(),
    },
    read: host.read,
    isActive: ActiveState === 'active' || ActiveState === 'activating',
    isEnabled: UnitFileState === 'enabled' || (await host.isEnabled()),
    start: options.start,
  });
  const done = await carryOut(context, host, { steps, options, question: 'Do this?' });
  if (!done || host.root !== '/') return;
  context.note('The service is installed: "sedge service status", and "journalctl -u sedge" for its log.');
}

/** `sedge service uninstall`. Throws as {@link installService}. */
export async function uninstallService(context: CommandContext, options: UninstallOptions): Promise<void> {
  const host = new ServiceHost(options.root ?? '/');
  refusePackaged(host);
  const { ActiveState } = await host.unit(['ActiveState']);
  const purge = options.purge === true;
  const steps = uninstallPlan({
    root: host.root,
    exists: host.exists,
    isActive: ActiveState !== undefined && ActiveState !== 'inactive',
    isEnabled: await host.isEnabled(),
    purge,
  });
  const question = purge ? `This deletes ${SERVICE_DIRECTORY} for good. Do it?` : 'Do this?';
  const done = await carryOut(context, host, { steps, options, question });
  if (done && !purge)
    context.note(`${SERVICE_DIRECTORY} and /etc/sedge stay as they are; --purge deletes them too.`);
}

/** Tells what it is about to do, asks, and does it. `false` if nothing was to be done, or nothing was done. */
async function carryOut(
  context: CommandContext,
  host: ServiceHost,
  { steps, options, question }: { steps: readonly ServiceStep[]; options: ChangeOptions; question: string },
): Promise<boolean> {
  const dryRun = options.dryRun === true;
  if (context.json)
    for (const step of steps) await context.record({ event: dryRun ? 'planned' : 'step', ...step });
  else if (steps.length === 0) await context.write('Nothing is to be done.\n');
  else await context.write(planText(steps, { whole: dryRun }));
  if (steps.length === 0 || dryRun) return false;
  requireRights(host);
  if (options.yes !== true && !(await agreed(context, question))) {
    context.note('Nothing was changed.');
    return false;
  }
  for (const step of steps) await host.carryOut(step);
  return true;
}

async function agreed({ io, json }: CommandContext, question: string): Promise<boolean> {
  if (io.stdin.isTTY !== true || json) {
    throw new SedgeError('cli.usage', {
      reason: 'nobody can be asked here: give --yes, or --dry-run to look',
    });
  }
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}

function requireRights(host: ServiceHost): void {
  if (host.root !== '/') return;
  if (process.getuid?.() !== 0) throw new SedgeError('service.not-root');
  if (!host.exists('/run/systemd/system')) throw new SedgeError('service.no-systemd');
}

/** What dpkg brought is dpkg's to change. */
function refusePackaged(host: ServiceHost): void {
  if (host.exists(PACKAGED_UNIT)) throw new SedgeError('service.packaged', { unit: PACKAGED_UNIT });
}
