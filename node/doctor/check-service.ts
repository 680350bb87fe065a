import type { CommandContext } from '../cli/command-context.ts';
import { formatSpan, plural } from '../cli/human-figures.ts';
import { readServiceStatus, type ServiceStatus } from '../service/service-status.ts';
import { SERVICE_DIRECTORY } from '../service/unit-text.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** More restarts than that are no accident. */
const RESTARTS_WARN = 3;

/** The service of systemd, if the directory is its: unit, state, versions, watchdog. Nothing for other directories. */
export async function checkService(context: CommandContext): Promise<Finding[]> {
  if (context.directory !== SERVICE_DIRECTORY) return [];
  return serviceFindings(await readServiceStatus(context));
}

/** What a state of the service means. */
export function serviceFindings(status: ServiceStatus): Finding[] {
  const { state, unit } = status;
  if (state === null) return [];
  if (unit === null) {
    const next = 'Run "sudo sedge service install", so that the agent starts with the machine.';
    return [warn('service', `${SERVICE_DIRECTORY} is there, and no service`, next)];
  }
  const watched = status.state === 'active' ? [checkWatchdog(status)] : [];
  return [checkState(status), ...checkVersions(status), ...watched];
}

function checkState({ state, enabled, waitsForRealm, restarts, result, pid }: ServiceStatus): Finding {
  if (waitsForRealm) {
    const next = 'Run "sudo sedge init REALM" or "sudo sedge join TOKEN", then "sudo systemctl start sedge".';
    return warn('service', 'it waits until this machine belongs to a realm', next);
  }
  if (state === 'failed') {
    const next = 'Look at "journalctl -u sedge -n 50", then "sudo systemctl restart sedge".';
    return fail('service', `it failed (${result})`, next);
  }
  if (state !== 'active') {
    return warn('service', `it is ${state}`, 'Start it with "sudo systemctl start sedge".');
  }
  if (!enabled) {
    return warn('service', 'it does not start at boot', 'Run "sudo systemctl enable sedge".');
  }
  if (restarts > RESTARTS_WARN) {
    const sentence = `systemd restarted it ${plural(restarts, 'time')}`;
    return warn('service', sentence, 'Look at "journalctl -u sedge" for why it ended.');
  }
  return ok('service', `active with pid ${pid}, starts at boot`);
}

function checkVersions({ runningVersion, installedVersion }: ServiceStatus): Finding[] {
  if (runningVersion === null || runningVersion === installedVersion) return [];
  const sentence = `${installedVersion} is installed and ${runningVersion} still runs`;
  return [warn('service', sentence, 'Run "sudo systemctl restart sedge".')];
}

function checkWatchdog({ watchdogMs, lastSignMs }: ServiceStatus): Finding {
  if (watchdogMs === null) {
    const next = 'Remove WatchdogSec= from what "systemctl edit sedge" shows.';
    return warn('watchdog', 'it is off: an agent that hangs stays', next);
  }
  const span = formatSpan(watchdogMs);
  if (lastSignMs !== null && lastSignMs > watchdogMs / 2) {
    const next = 'Look at the disk: "dmesg", and "sedge status" for problems.';
    return warn('watchdog', `no progress for ${formatSpan(lastSignMs)}; a restart comes at ${span}`, next);
  }
  return ok('watchdog', `a restart comes after ${span} without progress`);
}
