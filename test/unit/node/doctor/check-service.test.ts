import { describe, expect, it } from 'vitest';
import { serviceFindings } from '../../../../node/doctor/check-service.ts';
import type { ServiceStatus } from '../../../../node/service/service-status.ts';

const WELL: ServiceStatus = {
  unit: '/etc/systemd/system/sedge.service',
  state: 'active',
  enabled: true,
  waitsForRealm: false,
  pid: 812,
  said: '',
  restarts: 0,
  result: 'success',
  memoryBytes: null,
  memoryBytesMax: null,
  watchdogMs: 180_000,
  lastSignMs: 20_000,
  runningVersion: '0.4.0',
  installedVersion: '0.4.0',
};

const found = (change: Partial<ServiceStatus>) =>
  serviceFindings({ ...WELL, ...change }).filter(({ level }) => level !== 'ok');

describe('what the doctor says of the service', () => {
  it('is that all is well', () => {
    expect(found({})).toEqual([]);
    expect(serviceFindings(WELL)).toHaveLength(2);
  });

  it.each([
    ['a failure', { state: 'failed', result: 'watchdog' }, 'it failed (watchdog)'],
    ['that it is stopped', { state: 'inactive', lastSignMs: null }, 'it is inactive'],
    [
      'that it waits for a realm',
      { state: 'inactive', waitsForRealm: true, watchdogMs: null },
      'it waits until this machine belongs to a realm',
    ],
    ['that it would not start at boot', { enabled: false }, 'it does not start at boot'],
    ['restarts', { restarts: 12 }, 'systemd restarted it 12 times'],
    ['an older version that runs', { runningVersion: '0.3.0' }, '0.4.0 is installed and 0.3.0 still runs'],
    ['that nothing watches', { watchdogMs: null }, 'it is off: an agent that hangs stays'],
    ['that it does not get on', { lastSignMs: 120_000 }, 'no progress for 2 min; a restart comes at 3 min'],
    ['that there is none', { unit: null }, '/var/lib/sedge is there, and no service'],
  ] as const)('is %s', (_, change, sentence) => {
    expect(found(change)).toEqual([expect.objectContaining({ sentence })]);
  });

  it('is nothing where there is no systemd', () => {
    expect(serviceFindings({ ...WELL, state: null })).toEqual([]);
  });
});
