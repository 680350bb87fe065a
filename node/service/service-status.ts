import { existsSync } from 'node:fs';
import type { CommandContext } from '../cli/command-context.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatBytes, formatSpan } from '../cli/human-figures.ts';
import { packageVersion } from '../package-version.ts';
import { ServiceHost, type UnitFacts } from './service-host.ts';

/** What systemd is asked for (org.freedesktop.systemd1(5)). */
const PROPERTIES = [
  'LoadState',
  'FragmentPath',
  'ActiveState',
  'SubState',
  'StatusText',
  'UnitFileState',
  'MainPID',
  'NRestarts',
  'Result',
  'MemoryCurrent',
  'MemoryMax',
  'WatchdogUSec',
  'WatchdogTimestampMonotonic',
  'ConditionResult',
];

/** The service at a glance. */
export interface ServiceStatus {
  /** The unit's file; `null` where there is none. */
  readonly unit: string | null;
  /** `active`, `activating`, `failed`, `inactive`; `null` where there is no systemd. */
  readonly state: string | null;
  readonly enabled: boolean;
  /** It was to start, and the machine belongs to no realm yet. */
  readonly waitsForRealm: boolean;
  readonly pid: number | null;
  /** What the agent last said of itself. */
  readonly said: string;
  readonly restarts: number;
  /** Why it last ended, as systemd has it: `success`, `exit-code`, `signal`, `watchdog`, `oom-kill`, ... */
  readonly result: string;
  readonly memoryBytes: number | null;
  readonly memoryBytesMax: number | null;
  /** After so long without a sign of progress it is restarted; `null` where it is not watched, or does not run. */
  readonly watchdogMs: number | null;
  /** Since it last gave one. */
  readonly lastSignMs: number | null;
  /** Of the running agent; `null` if it does not answer. */
  readonly runningVersion: string | null;
  readonly installedVersion: string;
}

/** Asks systemd, and the agent for its version. */
export async function readServiceStatus(context: CommandContext): Promise<ServiceStatus> {
  const host = new ServiceHost('/');
  const facts = await host.unit(PROPERTIES);
  const status = await context.withAgent((agent) => agent.status()).catch(() => null);
  return {
    ...unitStatus(facts),
    runningVersion: status?.agent.version ?? null,
    installedVersion: packageVersion(),
  };
}

/** `sedge service status`: exit code 3 if it is not running. */
export async function showServiceStatus(context: CommandContext): Promise<ExitCode> {
  const status = await readServiceStatus(context);
  if (context.json) await context.record(status);
  else await context.write(statusText(status));
  return status.state === 'active' ? EXIT.done : EXIT.noAgent;
}

/** What the answers of `systemctl show` mean. */
export function unitStatus(facts: UnitFacts): Omit<ServiceStatus, 'runningVersion' | 'installedVersion'> {
  const lastSignUs = number(facts.WatchdogTimestampMonotonic);
  const nowUs = Number(process.hrtime.bigint() / 1_000n);
  return {
    unit: facts.LoadState === 'loaded' ? (facts.FragmentPath ?? '') : null,
    state: facts.ActiveState ?? null,
    enabled: facts.UnitFileState === 'enabled',
    waitsForRealm: facts.ActiveState === 'inactive' && facts.ConditionResult === 'no',
    pid: number(facts.MainPID),
    said: facts.StatusText ?? '',
    restarts: number(facts.NRestarts) ?? 0,
    result: facts.Result ?? '',
    memoryBytes: number(facts.MemoryCurrent),
    memoryBytesMax: number(facts.MemoryMax),
    watchdogMs: spanMs(facts.WatchdogUSec),
    lastSignMs: lastSignUs === null ? null : Math.max(0, (nowUs - lastSignUs) / 1_000),
  };
}

const WAITS =
  'it waits for a realm: "sudo sedge init REALM" or "sudo sedge join TOKEN", then "sudo systemctl start sedge"';

/** Lines for people. */
function statusText(status: ServiceStatus): string {
  const { unit, state, enabled, pid, said, restarts, result, runningVersion, installedVersion } = status;
  if (state === null) {
    return existsSync('/run/systemd/system')
      ? 'systemd does not answer: try "sudo sedge service status".\n'
      : 'This machine does not run systemd.\n';
  }
  if (unit === null) return 'The service is not installed: "sudo sedge service install" does it.\n';
  const { memoryBytes, memoryBytesMax, watchdogMs, lastSignMs } = status;
  const ofMax = memoryBytesMax === null ? '' : ` of ${formatBytes(memoryBytesMax)} allowed`;
  const lines = [
    [
      'service',
      `${state}${pid === null ? '' : ` with pid ${pid}`}; ${enabled ? 'starts' : 'does not start'} at boot`,
    ],
    ['unit', unit],
    ['says', said || (status.waitsForRealm ? WAITS : 'nothing yet')],
    ['version', runningVersion === null ? `${installedVersion} installed, none answers` : runningVersion],
    ['memory', memoryBytes === null ? 'not counted' : `${formatBytes(memoryBytes)}${ofMax}`],
    [
      'restarts',
      `${restarts}${result === 'success' || result === '' ? '' : `; it last ended with ${result}`}`,
    ],
    ['watchdog', state === 'active' ? watchdogText(watchdogMs, lastSignMs) : 'once it runs'],
  ];
  const next =
    runningVersion !== null && runningVersion !== installedVersion
      ? `\nVersion ${installedVersion} is installed and ${runningVersion} still runs: "sudo systemctl restart sedge".\n`
      : '';
  return `${lines.map(([name, text]) => `${name!.padEnd(9)} ${text}\n`).join('')}${next}`;
}

function watchdogText(watchdogMs: number | null, lastSignMs: number | null): string {
  if (watchdogMs === null) return 'off';
  const last = lastSignMs === null ? '' : `, last sign ${formatSpan(lastSignMs)} ago`;
  return `restarts it after ${formatSpan(watchdogMs)} without progress${last}`;
}

/** A number that systemd gives; `null` for "[not set]", "infinity", 0 and the largest one, which mean none. */
function number(text: string | undefined): number | null {
  const value = Number(text);
  return text === undefined || text === '' || !Number.isSafeInteger(value) || value <= 0 ? null : value;
}

const UNITS_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };

/** `3min 20s` as systemd writes spans; `null` for 0 and infinity. */
function spanMs(text: string | undefined): number | null {
  const parts = [...(text ?? '').matchAll(/([\d.]+)([a-z]+)/g)];
  const sum = parts.reduce((total, [, amount, unit]) => total + Number(amount) * (UNITS_MS[unit!] ?? 0), 0);
  return sum > 0 ? sum : null;
}
