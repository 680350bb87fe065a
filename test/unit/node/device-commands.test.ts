import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandIo } from '../../../node/cli/command-context.ts';
import { runCli } from '../../../node/cli.ts';
import { ControlServer } from '../../../node/control/index.ts';
import { DirectoryLock } from '../../../node/directory-lock.ts';
import { SedgeError, silentLog } from '../../../src/errors/index.ts';
import type { PublishOptions } from '../../../src/index.ts';
import { FakeDevices, sampleDevice, samplePort } from './fake-devices.ts';
import { FakeMesh } from './fake-mesh.ts';

class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const KEY = '000102030405060708090a0b0c0d0e0f';
const ID = '5e09e00000000001';

let directory: string;
let devices: FakeDevices;
let mesh: FakeMesh;
/** Serial ports of the agent's settings. */
let serial: string[];
let server: ControlServer;
let out: Sink;
let err: Sink;

function io(stdin = '', env: Record<string, string> = {}): CommandIo {
  return {
    stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]),
    stdout: out,
    stderr: err,
    env: { SEDGE_DIR: directory, PATH: process.env.PATH ?? '', ...env },
    nowMs: () => 62_000,
  };
}

/** Runs a line and expects its exit code. */
async function sedge(line: string, exitCode = 0, surroundings = io()): Promise<void> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
  expect(await runCli(['device', ...words], surroundings), err.text).toBe(exitCode);
}

function records(): unknown[] {
  return out.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-device-'));
  devices = new FakeDevices();
  mesh = new FakeMesh();
  serial = [];
  const parts = {
    directory,
    mesh,
    devices,
    log: silentLog,
    agentFacts: () => ({ pid: process.pid, residentBytes: 1, serial }),
  };
  server = new ControlServer({ ...parts, onStop: () => {} });
  await server.start();
  out = new Sink();
  err = new Sink();
});

afterEach(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

describe('ls', () => {
  test('says how devices are, and which ports need something', async () => {
    devices.deviceList = [
      sampleDevice({ lost: 12, alarms: 1 }),
      sampleDevice({
        id: 'aa'.repeat(8),
        name: 'aa'.repeat(8),
        state: 'never-seen',
        port: null,
        firmware: null,
        epoch: null,
        lastHeardMs: null,
        readings: 0,
      }),
    ];
    devices.portList = [
      samplePort(),
      samplePort({ path: '/dev/ttyUSB1', device: null, deviceId: null, provisioned: false }),
      samplePort({ path: '/dev/ttyUSB2', device: null, deviceId: 'bb'.repeat(8) }),
      samplePort({
        path: '/dev/ttyUSB3',
        device: null,
        deviceId: null,
        provisioned: null,
        state: 'closed',
        problem: { code: 'serial.port-denied', detail: 'EACCES' },
      }),
    ];
    await sedge('ls');
    // Below stand ports of the machine that runs the test, if it has any: only blanks may differ then.
    const lines = out.text.split('\n').map((line) => line.trimEnd().replaceAll(/ {2,}/g, '  '));
    expect(lines.slice(0, 8)).toEqual([
      'NAME  STATE  PORT  FIRMWARE  EPOCH  READINGS  LOST  ALARMS  HEARD  ID',
      'uno-1  online  /dev/ttyUSB0  3  7  1,042  12  1  60 s ago  5e09e00000000001',
      'aaaaaaaaaaaaaaaa  never-seen  -  -  -  0  0  0  never',
      '',
      'PORT  STATE  DEVICE',
      '/dev/ttyUSB1  open  without a key  "sedge device provision /dev/ttyUSB1"',
      '/dev/ttyUSB2  open  unknown, bbbbbbbbbbbbbbbb  "sedge device add", or provision it',
      '/dev/ttyUSB3  closed  -',
    ]);
    // No cell is a sentence: a line that wraps is a table no more.
    expect(out.text).toContain(
      '\n/dev/ttyUSB3: The port may not be opened by this user.\n  Run "sudo usermod -aG dialout $USER", then',
    );
  });

  test('says what to do where there is no device', async () => {
    await sedge('ls');
    expect(out.text).toContain('sedge device provision PORT');
  });

  test('says that nobody reads the devices where no agent runs, with the directory that was typed', async () => {
    await sedge('ls');
    expect(err.text).toBe('');
    await server.stop();
    await runCli(['--dir', directory, 'device', 'ls'], io());
    expect(err.text).toBe(`no agent runs here: "sedge --dir ${directory} start" reads what devices say\n`);
    expect(out.text).toContain(`"sedge --dir ${directory} device provision PORT"`);
  });

  test('gives all that is known with --json', async () => {
    devices.deviceList = [sampleDevice()];
    devices.portList = [samplePort()];
    await sedge('ls --json');
    expect(records().slice(0, 2)).toEqual([
      { kind: 'device', ...sampleDevice() },
      { kind: 'port', ...samplePort() },
    ]);
  });
});

describe('provision', () => {
  test('hands its options on and says who has a key', async () => {
    await sedge(
      "provision /dev/ttyUSB0 --name uno-1 --baud 57600 --prefix barn --topics 'barn/#' --topics 'x/+' --force",
    );
    expect(devices.calls).toEqual([
      [
        'provision',
        '/dev/ttyUSB0',
        { name: 'uno-1', baudRate: 57_600, prefix: 'barn', topics: ['barn/#', 'x/+'], force: true },
      ],
    ]);
    expect(out.text).toBe('uno-1 (5e09e00000000009) has its key\n');
    expect(err.text).toContain('sedge start --serial /dev/ttyUSB0');
  });

  test('does not propose a port that the agent reads already', async () => {
    devices.portList = [samplePort({ deviceId: '5e09e00000000009' })];
    await sedge('provision /dev/ttyUSB0');
    expect(err.text).toBe('');
  });

  test('ends with what went wrong and what to do', async () => {
    devices.failure = new SedgeError('device.provisioned', { port: '/dev/ttyUSB0' });
    await sedge('provision /dev/ttyUSB0', 1);
    expect(err.text).toContain('has a key already');
    expect(err.text).toContain('sedge device add');
    expect(out.text).toBe('');
  });

  test('of what is no port is a mistake of the command line', async () => {
    devices.failure = new SedgeError('serial.bad-port', { port: 'usb' });
    await sedge('provision usb', 2);
  });
});

describe('add and remove', () => {
  test.each([
    ['hexadecimal digits', `${KEY}\n`],
    ['base64', Buffer.from(KEY, 'hex').toString('base64')],
    ['bytes', Buffer.from(KEY, 'hex')],
  ])('read a key in %s from a file', async (_, content) => {
    const file = join(directory, 'key');
    await writeFile(file, content, { mode: 0o600 });
    await sedge(`add uno-1 --id ${ID.toUpperCase()} --key-file ${file} --prefix barn`);
    const key = Uint8Array.from(Buffer.from(KEY, 'hex'));
    expect(devices.calls).toMatchObject([['add', { id: ID, name: 'uno-1', prefix: 'barn' }]]);
    expect(Uint8Array.from((devices.calls[0]![1] as { key: Uint8Array }).key)).toEqual(key);
    expect(out.text).toBe(`added uno-1 (${ID})\n`);
    expect(out.text + err.text).not.toContain(KEY.slice(0, 8));
  });

  test('read a key from stdin, and the public key that a device signs with from the line', async () => {
    await sedge(`add uno-1 --id ${ID} --key-file - --signing-key ${'07'.repeat(32)}`, 0, io(KEY));
    const [, { key, signingKey }] = devices.calls[0] as [string, { key: Uint8Array; signingKey: Uint8Array }];
    expect(Buffer.from(key).toString('hex')).toBe(KEY);
    expect(Buffer.from(signingKey)).toEqual(Buffer.alloc(32, 7));
  });

  test('warn of a key that others can read', async () => {
    const file = join(directory, 'key');
    await writeFile(file, KEY);
    await chmod(file, 0o644);
    await sedge(`add uno-1 --id ${ID} --key-file ${file}`);
    expect(err.text).toContain(`chmod 600 ${file}`);
  });

  test.each([
    ['', 'a device needs --id and --key-file'],
    [`--id ${ID}`, 'a device needs --id and --key-file'],
    ['--id 5e09 --key-file -', 'must be 16 hexadecimal digits'],
    [`--id ${ID} --key-file - --signing-key 07`, 'must be 64 hexadecimal digits'],
    [`--accept-epoch --id ${ID}`, '--accept-epoch is for a device that is known'],
  ])('refuse "add uno-1 %s" as a mistake', async (options, reason) => {
    await sedge(`add uno-1 ${options}`, 2);
    expect(err.text).toContain(reason);
    expect(devices.calls).toEqual([]);
  });

  test('do not propose to close a directory that was named in place of a key', async () => {
    await chmod(directory, 0o755);
    await sedge(`add uno-1 --id ${ID} --key-file ${directory}`, 1);
    expect(err.text).toContain('it is no file');
    expect(err.text).not.toContain('chmod');
  });

  test('tell of what holds no key without showing it', async () => {
    await sedge(`add uno-1 --id ${ID} --key-file -`, 1, io('hunter2 is no key'));
    expect(err.text).toContain('it holds no key');
    expect(err.text).not.toContain('hunter2');
    await sedge(`add uno-1 --id ${ID} --key-file ${directory}/none`, 1);
    expect(err.text).toContain('ENOENT');
  });

  test('let a device back whose epoch is lower', async () => {
    await sedge('add uno-1 --accept-epoch');
    expect(devices.calls).toEqual([['acceptEpoch', 'uno-1']]);
  });

  test('forget a device', async () => {
    await sedge('remove uno-1 --json');
    expect(devices.calls).toEqual([['remove', 'uno-1']]);
    expect(records()).toEqual([{ id: ID, name: 'uno-1', removed: true }]);
    devices.failure = new SedgeError('device.unknown', { device: 'uno-9' });
    await sedge('remove uno-9', 1);
    expect(err.text).toContain('"sedge device ls"');
  });
});

describe('monitor --counters', () => {
  beforeEach(() => {
    devices.deviceList = [sampleDevice()];
    devices.portList = [
      samplePort({ counters: { 'frame.bad-crc': 1_300, 'frame.bad-cobs': 0 } }),
      samplePort({ path: '/dev/ttyUSB1', device: null, deviceId: null, counters: { 'frame.bad-cobs': 2 } }),
    ];
  });

  test('is a table of what was counted', async () => {
    await sedge('monitor --counters');
    expect(out.text).toBe(
      [
        'PORT          DEVICE  COUNTED         TIMES\n',
        '/dev/ttyUSB0  uno-1   frame.bad-crc   1,300\n',
        '/dev/ttyUSB1  -       frame.bad-cobs      2\n',
      ].join(''),
    );
  });

  test.each(['uno-1', '/dev/ttyUSB0', ID])('is of %s alone if that is named', async (where) => {
    await sedge(`monitor ${where} --counters --json`);
    expect(records()).toMatchObject([{ port: '/dev/ttyUSB0', counters: { 'frame.bad-crc': 1_300 } }]);
  });
});

describe('send', () => {
  /** Answers the next command as a bridge would, from the message that came. */
  function answer(results: (headers: Record<string, string>) => readonly object[]): void {
    const publish = mesh.publish.bind(mesh);
    mesh.publish = async (topic, payload, options?: PublishOptions) => {
      const published = await publish(topic, payload, options);
      if (!topic.startsWith('devices/uno-1/command/')) return published;
      const headers = options!.headers as Record<string, string>;
      for (const result of results(headers)) {
        const { id = headers['request-id']!, ...rest } = result as { id?: string };
        const text = 'raw' in rest ? String(rest.raw) : JSON.stringify(rest);
        await publish('devices/uno-1/result/relay', text, { headers: { 'request-id': id } });
      }
      return published;
    };
  }

  test('gives the command and prints its result', async () => {
    answer(() => [{ status: 'done', value: { on: true } }]);
    await sedge('send uno-1 relay \'{"on":true}\'');
    const [command] = mesh.log as unknown as {
      topic: string;
      payload: Uint8Array;
      headers: Record<string, string>;
    }[];
    expect(command!.topic).toBe('devices/uno-1/command/relay');
    expect(Buffer.from(command!.payload).toString()).toBe('{"on":true}');
    expect(command!.headers['ttl-ms']).toBe('10000');
    expect(out.text).toBe('done: {"on":true}\n');
  });

  test('passes over results of other requests and what is no result', async () => {
    answer(() => [{ id: 'other', status: 'failed' }, { raw: 'noise' }, { raw: '{}' }, { status: 'done' }]);
    await sedge('send uno-1 relay --json');
    expect(records()).toEqual([{ device: 'uno-1', command: 'relay', status: 'done' }]);
  });

  test.each(['failed', 'expired', 'busy', 'bad-arguments', 'unknown'])(
    'ends with exit code 1 if it is %s',
    async (status) => {
      answer(() => [{ status }]);
      await sedge('send uno-1 relay', 1);
      expect(out.text).toBe(`${status}\n`);
    },
  );

  test('says which commands a device knows', async () => {
    devices.deviceList = [sampleDevice()];
    answer(() => [{ status: 'unknown-command' }]);
    await sedge('send uno-1 relay', 1);
    expect(err.text).toContain('uno-1 knows: relay');
  });

  test('shows a text of the device without what would steer the terminal', async () => {
    answer(() => [{ status: 'failed', value: 'a\u001b[2Jb' }]);
    await sedge('send uno-1 relay', 1);
    expect(out.text).toBe('failed: a\ufffd[2Jb\n');
  });

  test('takes no name of a command that no device could hear of', async () => {
    await sedge('send uno-1 le/d true', 2);
  });

  test('ends with exit code 4 where no result comes', async () => {
    await sedge('send uno-1 relay --wait 50ms', 4);
    expect(err.text).toContain('No result of the command came in time');
  });

  test('waits for nothing with --wait 0, and lets the device take its time', async () => {
    await sedge('send uno-1 relay --wait 0 --ttl 1h --json');
    expect(records()).toEqual([{ device: 'uno-1', command: 'relay', requestId: expect.any(String) }]);
    expect((mesh.log[0] as unknown as { headers: object }).headers).toMatchObject({ 'ttl-ms': '3600000' });
  });

  test.each([['a/b relay'], ['uno-1 re+lay'], ['uno-1 relay --wait soon']])(
    'refuses "%s" as a mistake',
    async (line) => {
      await sedge(`send ${line}`, 2);
      expect(mesh.log).toEqual([]);
    },
  );
});

describe('flash', () => {
  let hex: string;

  beforeEach(async () => {
    hex = join(directory, 'my firmware.hex');
    await writeFile(hex, ':00000001FF\n');
  });

  /** An avrdude that writes down how it was called, says something and ends as it is told. */
  async function tool(exitCode: number, words: string): Promise<CommandIo> {
    const bin = join(directory, 'bin');
    await mkdir(bin);
    const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${directory}/called'\necho '${words}' >&2\nexit ${exitCode}\n`;
    await writeFile(join(bin, 'avrdude'), script, { mode: 0o755 });
    return io('', { PATH: `${bin}${delimiter}${process.env.PATH}` });
  }

  test('writes firmware while the agent lets go of the port', async () => {
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}' --board nano-old`, 0, await tool(0, 'avrdude done.'));
    expect(devices.calls).toEqual([
      ['release', '/dev/ttyUSB0'],
      ['reclaim', '/dev/ttyUSB0'],
    ]);
    expect((await readFile(join(directory, 'called'), 'utf8')).trim().split('\n')).toEqual([
      '-p',
      'atmega328p',
      '-c',
      'arduino',
      '-P',
      '/dev/ttyUSB0',
      '-b',
      '57600',
      '-D',
      '-U',
      `flash:w:${hex}:i`,
    ]);
    expect(err.text).toContain('avrdude done.');
  });

  test('gives the port back where it fails, and says why', async () => {
    const words = 'avrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00';
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}' --json`, 1, await tool(1, words));
    expect(devices.calls.map(([call]) => call)).toEqual(['release', 'reclaim']);
    expect(JSON.parse(err.text).error).toMatchObject({
      code: 'device.flash-failed',
      details: { reason: words },
    });
  });

  test('goes on where the agent does not use the port', async () => {
    devices.failure = new SedgeError('serial.unknown-port', { port: '/dev/ttyUSB9' });
    await sedge(`flash /dev/ttyUSB9 --hex '${hex}'`, 0, await tool(0, 'ok'));
    expect(devices.calls.map(([call]) => call)).toEqual(['release']);
  });

  test('does not take a port that is in use for something else', async () => {
    devices.failure = new SedgeError('serial.port-held', { port: '/dev/ttyUSB0' });
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}'`, 1, await tool(0, 'ok'));
    await expect(readFile(join(directory, 'called'))).rejects.toThrow('ENOENT');
  });

  test('needs no agent', async () => {
    await server.stop();
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}'`, 0, await tool(0, 'ok'));
  });

  test('finds the port of a device, and only prints the command with --dry-run', async () => {
    devices.deviceList = [sampleDevice({ port: '/dev/serial/by-id/usb-uno' })];
    await sedge(`flash uno-1 --hex '${hex}' --dry-run`);
    expect(out.text).toBe(
      `avrdude -p atmega328p -c arduino -P /dev/serial/by-id/usb-uno -b 115200 -D -U 'flash:w:${hex}:i'\n`,
    );
    expect(devices.calls).toEqual([]);
  });

  test('runs a tool of your own, with the port in its place', async () => {
    const surroundings = await tool(0, 'avrdude done.');
    await sedge('flash /dev/ttyACM0 -- avrdude --port {port} --at={port}:x', 0, surroundings);
    expect((await readFile(join(directory, 'called'), 'utf8')).trim().split('\n')).toEqual([
      '--port',
      '/dev/ttyACM0',
      '--at=/dev/ttyACM0:x',
    ]);
    expect(devices.calls.map(([call]) => call)).toEqual(['release', 'reclaim']);
  });

  test.each(['', '--hex x -- avrdude'])(
    'refuses "flash /dev/ttyACM0 %s": one way to write it',
    async (rest) => {
      await sedge(`flash /dev/ttyACM0 ${rest}`, 2);
      expect(err.text).toContain('give --hex FILE, or a tool of your own behind --');
    },
  );

  test('says how the tool is installed', async () => {
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}'`, 1, io('', { PATH: directory }));
    expect(err.text).toContain('sudo apt install avrdude');
    expect(devices.calls.map(([call]) => call)).toEqual(['release', 'reclaim']);
  });

  test.each([
    ['uno-9', 2, 'uno-9 is neither a port nor a device'],
    ['tcp://10.0.0.7:4000', 2, 'needs a serial port'],
  ])('refuses %s', async (where, exitCode, reason) => {
    await sedge(`flash ${where} --hex '${hex}' --dry-run`, exitCode);
    expect(err.text).toContain(reason);
  });

  test('refuses a file that is missing or none of Intel HEX before anything is reset', async () => {
    await sedge(`flash /dev/ttyUSB0 --hex ${directory}/none.hex`, 1);
    expect(err.text).toContain('ENOENT');
    await writeFile(hex, 'ELF');
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}'`, 1);
    expect(err.text).toContain('no Intel HEX file');
    await sedge(`flash /dev/ttyUSB0 --hex '${hex}' --board due`, 2);
    expect(devices.calls).toEqual([]);
  });
});

describe('without an agent', () => {
  beforeEach(() => server.stop());

  test('the book is changed in the directory itself', async () => {
    await sedge(`add uno-1 --id ${ID} --key-file - --prefix barn`, 0, io(KEY));
    const file = join(directory, 'devices', `${ID}.json`);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    out.text = '';
    await sedge('ls --json');
    expect(records()).toContainEqual(
      expect.objectContaining({ kind: 'device', id: ID, name: 'uno-1', state: 'never-seen', prefix: 'barn' }),
    );
    const key = Buffer.from(KEY, 'hex').toString('base64');
    expect(await readFile(file, 'utf8')).toContain(key);
    expect(out.text).not.toContain(key);
    await sedge(`add uno-1 --id ${ID} --key-file -`, 1, io(KEY));
    expect(err.text).toContain('The book holds another device of that id or name');
    await sedge('add uno-1 --accept-epoch');
    await sedge('remove uno-1');
    await expect(stat(file)).rejects.toThrow('ENOENT');
    await sedge('remove uno-1', 1);
  });

  test('a name that no topic can hold is a mistake', async () => {
    await sedge(`add a/b --id ${ID} --key-file -`, 2, io(KEY));
    expect(err.text).toContain('Use a name of 1 to 64');
  });

  test('looking makes no directory', async () => {
    const nowhere = join(directory, 'nowhere');
    await sedge('ls', 0, io('', { SEDGE_DIR: nowhere }));
    expect(out.text).toContain('No devices');
    await expect(stat(nowhere)).rejects.toThrow('ENOENT');
  });

  test('the book is left to an agent that starts or stops just now', async () => {
    const lock = await DirectoryLock.take(directory);
    await sedge('ls', 1);
    expect(err.text).toContain('sedge');
    lock.release();
  });
});

describe('doctor', () => {
  async function findings(
    surroundings = io(),
  ): Promise<{ check: string; level: string; sentence: string }[]> {
    await runCli(['doctor', '--json'], surroundings);
    return records() as never;
  }

  test('explains ports of the agent, and alarms of devices', async () => {
    serial = [join(directory, 'gone')];
    devices.deviceList = [sampleDevice({ alarms: 2 })];
    const found = await findings();
    expect(found).toContainEqual(
      expect.objectContaining({ check: `serial port ${directory}/gone`, level: 'fail' }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({ check: 'device alarm', level: 'warn', sentence: 'uno-1: 2 alarms' }),
    );
  });

  test('tells of readings that are refused, which no device complains about', async () => {
    serial = [join(directory, 'gone')];
    devices.deviceList = [sampleDevice({ refused: 3 })];
    expect(await findings()).toContainEqual(
      expect.objectContaining({ check: 'device readings', level: 'warn', sentence: 'uno-1: 3 are refused' }),
    );
  });

  test('explains ports of the settings where no agent runs, each once', async () => {
    await server.stop();
    await writeFile(
      join(directory, 'config.json'),
      JSON.stringify({ serial: [join(directory, 'config.json')] }),
    );
    const found = await findings();
    const ports = found.filter(({ check }) => check.startsWith('serial port'));
    expect(ports).toEqual([expect.objectContaining({ level: 'fail', sentence: 'it is no serial port' })]);
  });

  test('tells of settings that cannot be read', async () => {
    const found = await findings(io('', { SEDGE_SERIAL: 'usb' }));
    expect(found).toContainEqual(expect.objectContaining({ check: 'settings', code: 'agent.bad-config' }));
  });

  test('tells of a file in place of a directory', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const found = await findings(io('', { SEDGE_DIR: file }));
    expect(found).toContainEqual(expect.objectContaining({ check: 'directory', level: 'fail' }));
  });

  test('asks an agent without ports for no devices', async () => {
    devices.deviceList = [sampleDevice({ alarms: 2 })];
    const checks = (await findings()).map(({ check }) => check);
    expect(checks).not.toContain('device alarm');
    expect(checks.some((check) => check.startsWith('serial port'))).toBe(false);
  });
});
