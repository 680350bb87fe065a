import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { objects, Sedge } from '../cli/sedge-process.ts';
import { Terminal } from './terminal.ts';

const MAIN = fileURLToPath(new URL('../../../node/main.js', import.meta.url));
const SIZE = { columns: 100, rows: 24 };
/** The other screen, the cursor and wrapping: as they were before. */
const RESTORED = '\u001b[?7h\u001b[?25h\u001b[?1049l';

const sedge = new Sedge();
const terminals: Terminal[] = [];
let directory: string;
let agent: ChildProcess;

function open(env: Readonly<Record<string, string>> = {}, ...argv: readonly string[]): Terminal {
  const command = [process.execPath, MAIN, '--dir', directory, 'top', ...argv];
  const terminal = new Terminal(command, SIZE, { HOME: directory, ...env });
  terminals.push(terminal);
  return terminal;
}

beforeAll(async () => {
  directory = await sedge.directory();
  await sedge.run(directory, ['init', 'farm', '--name', 'gateway']);
  agent = (await sedge.startAgent(directory)).child;
  await sedge.run(directory, ['pub', 'site/temp', '21.5']);
}, 60_000);

afterEach(() => Promise.all(terminals.splice(0).map((terminal) => terminal.cleanUp())));
afterAll(() => sedge.cleanUp());

describe('"sedge top" on a terminal', () => {
  it('shows the node again and again, sorts and helps at a key, and leaves the terminal as it was', async () => {
    const terminal = open({}, '--interval', '200ms');
    await terminal.shows(/sedge top {2}gateway in farm .*0 of 0 peers connected/);
    await terminal.shows(/^main +.* 1 +\d+ B/m);
    expect(terminal.output).toContain('\u001b[?1049h');
    expect(terminal.output).toContain('\u001b[7m');
    expect(terminal.settings()).toContain('-icanon');
    terminal.type('z');
    await terminal.shows('sorted by size');
    terminal.type('?');
    await terminal.shows('look again now');
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
    expect(terminal.output.endsWith(RESTORED)).toBe(true);
  });

  it('fits a terminal whose size changes', async () => {
    const terminal = open({}, '--interval', '200ms');
    await terminal.shows('sorted by busy');
    terminal.resize({ columns: 40, rows: 12 });
    // Both change one after the other.
    await vi.waitFor(
      () => {
        const lines = terminal.screen.trimEnd().split('\n');
        expect(lines).toHaveLength(12);
        expect(lines.filter((line) => line.length > 40)).toEqual([]);
        expect(lines[0]).toHaveLength(40);
      },
      { timeout: 60_000, interval: 50 },
    );
  });

  it.each([
    ['Ctrl-C', (terminal: Terminal) => terminal.type('\u0003')],
    ['SIGTERM', (terminal: Terminal) => terminal.kill('SIGTERM')],
    ['SIGINT', (terminal: Terminal) => terminal.kill('SIGINT')],
    ['SIGHUP', (terminal: Terminal) => terminal.kill('SIGHUP')],
  ])('restores the terminal when %s ends it', async (_name, end) => {
    const terminal = open({ NO_COLOR: '1' });
    await terminal.shows('sorted by busy');
    end(terminal);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.output.endsWith(RESTORED)).toBe(true);
    // No colours were asked for, and none came.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour is
    expect(terminal.output).not.toMatch(/\u001b\[[\d;]*m/);
  });

  it('says so when the agent goes, waits for it, and goes on when it is back', async () => {
    const terminal = open({}, '--interval', '200ms');
    await terminal.shows('sorted by busy');
    await sedge.kill(agent, 'SIGKILL');
    await terminal.shows('the agent does not answer');
    agent = (await sedge.startAgent(directory)).child;
    await terminal.shows('sorted by busy');
    terminal.type('q');
    expect(await terminal.ended()).toBe(0);
  });
});

describe('"sedge top" elsewhere', () => {
  it('prints a line each time, and as many as asked for', async () => {
    const { code, stdout, stderr } = await sedge.run(directory, [
      'top',
      '--count',
      '2',
      '--interval',
      '200ms',
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^(\d{4}-\d\d-\d\dT\S+Z {2}published .* alerts 0\n){2}$/);
    expect(stdout).not.toContain('\u001b');
  });

  it('prints objects with --json', async () => {
    const { stdout } = await sedge.run(directory, ['top', '--count', '2', '--interval', '600ms', '--json']);
    const looks = objects(stdout);
    expect(looks).toHaveLength(2);
    expect(looks[0]).toMatchObject({
      name: 'gateway',
      problems: 0,
      channels: expect.arrayContaining([expect.objectContaining({ channel: 'main', messages: 1 })]),
    });
    expect(looks[1]!.uptimeMs).toBeGreaterThan(looks[0]!.uptimeMs as number);
  });

  it('ends with code 3 where no agent runs, without touching the terminal', async () => {
    const { code, stdout, stderr } = await sedge.run(await sedge.directory(), ['top']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('sedge start');
  });
});
