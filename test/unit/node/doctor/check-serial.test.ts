import { describe, expect, test } from 'vitest';
import { checkSerial, type SerialToCheck } from '../../../../node/doctor/check-serial.ts';
import type { PortFile, ProcessName, SerialProbe } from '../../../../node/doctor/serial-probe.ts';

const PORT = '/dev/ttyUSB0';
const AGENT = { pid: 77, ports: [] };

/** A machine as a test wants it: a port that is there and free, for user `pi`. */
function machine(
  fields: {
    file?: Partial<PortFile> | null;
    holders?: ProcessName[];
    runs?: ProcessName[];
    groups?: string[];
  } = {},
): SerialProbe {
  const { file = {}, holders = [], runs = [], groups = [] } = fields;
  return {
    file: () =>
      file === null
        ? null
        : { isTty: true, path: PORT, group: 'dialout', isGroups: true, isAllowed: true, ...file },
    user: 'pi',
    isMember: (group) => groups.includes(group),
    holders: (path) => (path === PORT ? holders : []),
    running: (names) => runs.filter(({ name }) => names.includes(name)),
  };
}

function check(probe: SerialProbe, what: Partial<SerialToCheck> = {}) {
  const findings = checkSerial({ ports: [PORT], available: [], agent: null, ...what }, probe);
  expect(findings).toHaveLength(1);
  return findings[0]!;
}

describe('a serial port', () => {
  test('that is there and free is well', () => {
    expect(check(machine())).toMatchObject({ check: `serial port ${PORT}`, level: 'ok' });
  });

  test('that the agent has open is well', () => {
    const probe = machine({ holders: [{ pid: 77, name: 'node' }] });
    expect(check(probe, { agent: AGENT })).toMatchObject({ level: 'ok', sentence: 'the agent has it open' });
  });

  test('that is missing is told of with those that are there', () => {
    const finding = check(machine({ file: null }), { available: ['/dev/serial/by-id/uno', '/dev/ttyACM0'] });
    expect(finding).toMatchObject({ level: 'fail', sentence: expect.stringContaining('unplugged') });
    expect(finding.next).toContain('/dev/serial/by-id/uno or /dev/ttyACM0');
  });

  test('that is missing while no other is there may have a cable without data', () => {
    expect(check(machine({ file: null })).next).toContain('only carry power');
  });

  test('that is missing while brltty runs was probably taken by it', () => {
    const finding = check(machine({ file: null, runs: [{ pid: 9, name: 'brltty' }] }));
    expect(finding.sentence).toContain('brltty runs (pid 9)');
    expect(finding.next).toContain('sudo apt remove brltty');
  });

  test('that is no serial port is told of', () => {
    expect(check(machine({ file: { isTty: false } }))).toMatchObject({
      level: 'fail',
      sentence: 'it is no serial port',
    });
  });

  test('that is for a group is opened by joining it', () => {
    const finding = check(machine({ file: { isAllowed: false } }));
    expect(finding.level).toBe('fail');
    expect(finding.next).toContain('"sudo usermod -aG dialout pi", log out and in again');
  });

  test('whose group the user joined meanwhile needs a new session', () => {
    const finding = check(machine({ file: { isAllowed: false }, groups: ['dialout'] }));
    expect(finding.sentence).toContain('this session began before');
    expect(finding.next).not.toContain('usermod');
  });

  test.each([
    ['not even its group may use', { isAllowed: false, isGroups: false }],
    ['only root may use', { isAllowed: false, group: 'root' }],
  ])('that %s is a matter of its rights, not of a group to join', (_, file) => {
    const finding = check(machine({ file }));
    expect(finding.next).toContain(`ls -lL ${PORT}`);
    expect(finding.next).not.toContain('usermod');
  });

  test('that another program has is told of with name and pid', () => {
    const holders = [
      { pid: 77, name: 'node' },
      { pid: 4_711, name: 'screen' },
    ];
    const finding = check(machine({ holders }), { agent: AGENT });
    expect(finding).toMatchObject({ level: 'fail', sentence: 'screen (pid 4711) has it open' });
  });

  test.each([
    ['ModemManager', 'systemctl disable --now ModemManager'],
    ['brltty', 'apt remove brltty'],
  ])('that %s has is told of with how that ends', (name, remedy) => {
    expect(check(machine({ holders: [{ pid: 5, name }] })).next).toContain(remedy);
  });

  test('that is busy while nobody is seen to have it is a matter for root', () => {
    const problem = { code: 'serial.port-busy', detail: '' };
    const finding = check(machine(), {
      agent: { pid: 77, ports: [{ path: PORT, problem, provisioned: null }] },
    });
    expect(finding).toMatchObject({ level: 'fail', code: 'serial.port-busy' });
    expect(finding.next).toContain(`sudo fuser -v ${PORT}`);
  });

  test('that the agent has open is not well where it takes nothing of the device there', () => {
    const holders = [{ pid: 77, name: 'node' }];
    const problem = { code: 'device.key-unknown', detail: 'unknown-device' };
    const agent = { pid: 77, ports: [{ path: PORT, problem, provisioned: true }] };
    expect(check(machine({ holders }), { agent })).toMatchObject({
      level: 'fail',
      code: 'device.key-unknown',
    });
  });

  test('with a device without a key needs one', () => {
    const holders = [{ pid: 77, name: 'node' }];
    const agent = { pid: 77, ports: [{ path: PORT, problem: null, provisioned: false }] };
    const finding = check(machine({ holders }), { agent });
    expect(finding).toMatchObject({ level: 'warn', sentence: 'the device there has no key yet' });
    expect(finding.next).toContain(`sedge device provision ${PORT}`);
  });

  test('with another problem is told of as the agent has it', () => {
    const problem = { code: 'agent.internal', detail: 'EIO' };
    const finding = check(machine(), {
      agent: { pid: 77, ports: [{ path: PORT, problem, provisioned: null }] },
    });
    expect(finding).toMatchObject({
      level: 'fail',
      sentence: 'Something failed inside the agent (EIO)',
      code: 'agent.internal',
    });
  });

  test('is looked at without its rate, and once', () => {
    const asked: string[] = [];
    const probe = {
      ...machine(),
      file: (path: string) => {
        asked.push(path);
        return null;
      },
    };
    checkSerial({ ports: [`${PORT}:57600`, `${PORT}:57600`], available: [], agent: null }, probe);
    expect(asked).toEqual([PORT]);
  });
});

describe('other ports', () => {
  test('of "auto" are all that are there, and one is missed', () => {
    const found = checkSerial({ ports: ['auto'], available: [PORT, '/dev/ttyACM0'], agent: null }, machine());
    expect(found.map(({ check: name }) => name)).toEqual([`serial port ${PORT}`, 'serial port /dev/ttyACM0']);
    const both = checkSerial({ ports: ['auto', PORT], available: [PORT], agent: null }, machine());
    expect(both).toHaveLength(1);
    expect(check(machine(), { ports: ['auto'] })).toMatchObject({ level: 'warn' });
  });

  test('of the network are as the agent says', () => {
    const path = 'tcp://10.0.0.7:4000';
    const agent = {
      pid: 77,
      ports: [{ path, problem: { code: 'serial.unreachable', detail: '' }, provisioned: null }],
    };
    expect(check(machine(), { ports: [path], agent })).toMatchObject({ level: 'fail' });
    expect(check(machine(), { ports: [path] })).toMatchObject({ level: 'ok' });
  });
});
