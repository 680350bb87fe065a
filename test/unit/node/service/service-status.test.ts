import { describe, expect, it } from 'vitest';
import { unitStatus } from '../../../../node/service/service-status.ts';

describe('what systemctl show says', () => {
  it('is read with its units', () => {
    const status = unitStatus({
      LoadState: 'loaded',
      FragmentPath: '/etc/systemd/system/sedge.service',
      ActiveState: 'active',
      UnitFileState: 'enabled',
      MainPID: '812',
      NRestarts: '2',
      Result: 'success',
      MemoryCurrent: '94371840',
      MemoryMax: '402653184',
      WatchdogUSec: '3min',
      WatchdogTimestampMonotonic: '1',
    });
    expect(status).toMatchObject({
      unit: '/etc/systemd/system/sedge.service',
      enabled: true,
      pid: 812,
      restarts: 2,
      memoryBytes: 94_371_840,
      memoryBytesMax: 402_653_184,
      watchdogMs: 180_000,
    });
    expect(status.lastSignMs).toBeGreaterThan(0);
  });

  it.each([['infinity'], ['18446744073709551615'], ['[not set]'], ['0'], ['']])(
    'takes a memory of "%s" for none',
    (MemoryMax) => expect(unitStatus({ MemoryMax }).memoryBytesMax).toBeNull(),
  );

  it.each([
    ['1min 30s', 90_000],
    ['500ms', 500],
    ['infinity', null],
    ['0', null],
  ])('reads a span of "%s"', (WatchdogUSec, ms) => expect(unitStatus({ WatchdogUSec }).watchdogMs).toBe(ms));

  it('is nothing where there is no systemd', () => {
    expect(unitStatus({})).toMatchObject({ unit: null, state: null, pid: null });
  });
});
