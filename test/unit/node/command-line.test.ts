import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommandIo } from '../../../node/cli/command-context.ts';
import { CommandLine } from '../../../node/cli/command-line.ts';
import { COMMANDS, runCli } from '../../../node/cli.ts';

class Sink extends Writable {
  text = '';

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

let directory: string;
let out: Sink;
let err: Sink;

function io(env: Record<string, string> = {}): CommandIo {
  return {
    stdin: Readable.from([]),
    stdout: out,
    stderr: err,
    env: { SEDGE_DIR: directory, ...env },
    nowMs: () => 0,
  };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sedge-cli-'));
  out = new Sink();
  err = new Sink();
});

afterEach(() => rm(directory, { recursive: true }));

/** Splits a shell line as far as the examples need it: quotes, and what belongs to other commands is cut off. */
function sedgeArguments(line: string): string[] {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => ({ quoted, word }));
  const start = words.findLastIndex(({ word }) => word === 'sedge') + 1;
  const end = words.findIndex(
    ({ word }, index) => index >= start && word !== undefined && '|>#'.includes(word),
  );
  return words.slice(start, end < 0 ? undefined : end).map(({ quoted, word }) => quoted ?? word!);
}

async function helpOf(...command: string[]): Promise<string> {
  out.text = '';
  expect(await runCli([...command, '--help'], io())).toBe(0);
  return out.text;
}

function examplesIn(help: string): string[] {
  return [...help.matchAll(/^ {2}\$ (.*)$/gm)].map((match) => match[1]!);
}

describe('help', () => {
  test.each([
    [],
    ...COMMANDS.map(({ name }) => [name]),
    ['realm', 'backup'],
    ['realm', 'channel', 'add'],
    ['realm', 'channel', 'remove'],
    ...['ls', 'provision', 'add', 'remove', 'monitor', 'send', 'flash'].map((name) => ['device', name]),
  ])('of "sedge %s %s %s" has examples, each of which can be parsed', async (...command: string[]) => {
    const help = await helpOf(...command.filter((word) => word !== undefined));
    expect(help).toContain('--dir');
    expect(help).toContain('--json');
    const examples = examplesIn(help);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const line = new CommandLine({ version: '0', entries: COMMANDS, io: io(), parseOnly: true });
      await expect(line.run(sedgeArguments(example)), example).resolves.toBe(0);
    }
  });

  test('is the same as "sedge help COMMAND"', async () => {
    const help = await helpOf('pub');
    out.text = '';
    expect(await runCli(['help', 'pub'], io())).toBe(0);
    expect(out.text).toBe(help);
  });

  test('holds no colour and no line over 130 characters', async () => {
    for (const { name } of COMMANDS) {
      const help = await helpOf(name);
      expect(help).not.toContain('\x1b');
      expect(Math.max(...help.split('\n').map((line) => line.length)), name).toBeLessThanOrEqual(130);
    }
  });
});

describe('usage errors', () => {
  test.each([
    [['pbu'], /unknown command 'pbu' \(Did you mean pub\?\)/],
    [['sub', '#', '--durable', '../x'], /'--durable <name>' argument '\.\.\/x' is invalid/],
    [['pub', 't', 'x', '--retian'], /unknown option '--retian' \(Did you mean --retain\?\)/],
    [['pub'], /missing required argument 'topic'/],
    [[], /a command is missing/],
    [['pub', 't'], /give one of PAYLOAD, -l, -s and -f FILE/],
    [['pub', 't', 'x', '-l'], /give one of PAYLOAD/],
    [['pub', 't', 'x', '--ack', 'never'], /replicas:N/],
    [['pub', 't', 'x', '--ack', 'replicas:0'], /N from 1 to 64/],
    [['pub', 't', 'x', '--ack', 'replicas:65'], /N from 1 to 64/],
    [['realm', 'retention', 'main', '7x'], /"7x", must be parts with commas/],
    [['realm', 'retention', '--clear'], /--clear needs the name of a channel/],
    [['realm', 'retention', 'main', '7d', '--clear'], /not both/],
    [['simulate', 'one-way-link', '--all'], /--all goes without names/],
    [['pub', 't', 'x', '--id', 'noNumber'], /PRODUCER:N/],
    [['pub', 't', 'x', '--header', 'novalue'], /name=value/],
    [['sub', 'a', '--from', 'yesterday'], /new, all, last/],
    [['sub', 'a', '--count', '0'], /whole number from 1/],
    [['sub', 'a', '--wait', 'soon'], /duration/],
    [['start', '--log-level', 'loud'], /Allowed choices/],
    [['start', '--retention', 'main=7x'], /--retention: it must name channels/],
    [['start', '--storage-max', 'lots'], /--storage-max: it must be a size/],
    [['status', 'extra'], /too many arguments/],
    [['realm', 'chanel'], /too many arguments|unknown command/],
  ])('%j ends in exit code 2 and says why', async (argv, reason) => {
    expect(await runCli(argv, io())).toBe(2);
    expect(err.text).toMatch(reason);
    expect(err.text).toMatch(/See "sedge( [a-z]+)* --help"/);
    expect(err.text).not.toContain('    at ');
    expect(out.text).toBe('');
  });

  test.each([
    [['device', 'provision'], 'sedge device provision --help'],
    [['device', 'add', 'uno-1'], 'sedge device add --help'],
    [['device', 'lss'], 'sedge device --help'],
    [['--dir', '/tmp/none', 'pub'], 'sedge pub --help'],
    [['devcie', 'ls'], 'sedge --help'],
  ])('%j names the help that is about it', async (argv, help) => {
    expect(await runCli(argv, io())).toBe(2);
    expect(err.text).toContain(`See "${help}".`);
  });

  test('come as one JSON object with --json', async () => {
    expect(await runCli(['pub', '--json'], io())).toBe(2);
    const { error } = JSON.parse(err.text);
    expect(error).toMatchObject({ code: 'cli.usage' });
    expect(error.message).toContain("missing required argument 'topic'");
    expect(error.next).toBe('See "sedge pub --help".');
  });

  test('a payload that looks like an option goes behind --', async () => {
    expect(await runCli(['pub', 't', '--', '--json'], io())).toBe(3);
    expect(err.text).toMatch(/^sedge: /);
  });

  test('a negative number is a payload', async () => {
    expect(await runCli(['pub', 't', '-5.5'], io())).toBe(3);
  });
});

describe('without an agent', () => {
  const lines = [
    ['status'],
    ['peers'],
    ['channels'],
    ['logs'],
    ['gaps'],
    ['forks'],
    ['realm'],
    ['invite'],
    ['stop'],
    ['revoke', 'barn'],
    ['pub', 't', 'x'],
    ['pub', 't', '-l'],
    ['pub', 't', '-s'],
    ['sub', '#'],
    ['realm', 'channel', 'add', 'alarm', 'alarm/#'],
    ['device', 'monitor'],
    ['device', 'monitor', '--counters'],
    ['device', 'send', 'uno-1', 'relay'],
  ];
  test.each(lines.map((line) => [line.join(' '), line] as const))(
    '"sedge %s" ends in exit code 3 and says how to start one',
    async (_, argv) => {
      expect(await runCli(argv, io())).toBe(3);
      expect(err.text).toContain('No agent runs in this directory');
      expect(err.text).toContain('"sedge start"');
    },
  );

  test('the proposed command carries the directory that was typed', async () => {
    expect(await runCli(['status', '--dir', `${directory}/my place`], io())).toBe(3);
    expect(err.text).toContain(`"sedge --dir '${directory}/my place' start"`);
  });

  test('with --json the error is an object with its code', async () => {
    expect(await runCli(['status', '--json'], io())).toBe(3);
    expect(JSON.parse(err.text)).toMatchObject({
      error: { code: 'agent.not-running', details: { directory } },
    });
  });

  test('SEDGE_DEBUG=1 adds the stack trace', async () => {
    await runCli(['status'], io({ SEDGE_DEBUG: '1' }));
    expect(err.text).toContain('    at ');
  });

  test('a file that is not there is told of', async () => {
    expect(await runCli(['pub', 't', '-f', `${directory}/none`], io())).toBe(1);
    expect(err.text).toMatch(/The input cannot be read .*none/);
  });
});
