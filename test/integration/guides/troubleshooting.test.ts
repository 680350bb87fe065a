import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { hasTool } from '../../firmware/toolchain.ts';
import { type GuideMachine, GuideMachines } from './guide-machine.ts';
import { GuidePage } from './guide-page.ts';

const run = promisify(execFile);

/** Brings each symptom about, then does what the page says. */
class Trouble {
  readonly #page: GuidePage;
  readonly #gateway: GuideMachine;
  readonly #barn: GuideMachine;

  constructor(page: GuidePage, machines: GuideMachines) {
    this.#page = page;
    this.#gateway = machines.get('gateway');
    this.#barn = machines.get('barn');
  }

  async ofPeers(): Promise<void> {
    await done(this.#gateway, 'sedge init farm --name gateway; systemctl start sedge');
    await this.#page.section('troubleshooting');
    await this.#page.section('nobody-is-there');
    await done(this.#gateway, 'sedge invite 2>/dev/null > ../barn/token');
    await done(
      this.#barn,
      'sedge join - --name barn < token; systemctl start sedge; sedge pub site/barn/temp 1',
    );
    await holds(this.#gateway, 'main', 1);
    await done(this.#gateway, 'systemctl stop sedge');
    await vi.waitFor(async () => expect(await done(this.#barn, 'sedge peers')).toContain('down ('), WAIT);
    await this.#page.section('a-peer-is-down');
    await done(this.#gateway, 'systemctl start sedge');
    await vi.waitFor(
      async () => expect(await done(this.#gateway, 'sedge status')).toMatch(/^main +barn +in sync +0 +0/m),
      WAIT,
    );
    await this.#page.section('connected-but-nothing-flows');
  }

  /** The gateway hears of number 3 by a bundle, while number 2 is at the barn alone. */
  async ofGaps(): Promise<void> {
    await done(this.#gateway, 'systemctl stop sedge');
    await done(this.#barn, 'sedge pub site/barn/temp 2');
    const channels = (await done(this.#barn, 'sedge channels --json')).trim().split('\n');
    const main = channels.map((line) => JSON.parse(line)).find(({ channel }) => channel === 'main');
    await done(this.#barn, 'sedge pub site/barn/temp 3');
    await done(
      this.#barn,
      `sedge export - --channel main --since ${main.offset} > third.sedge; systemctl stop sedge`,
    );
    await done(this.#gateway, 'systemctl start sedge; sedge import - < ../barn/third.sedge');
    await this.#page.section('gaps-that-stay');
  }

  async ofDisk(): Promise<void> {
    const ballast =
      'head -c 100M /dev/zero > var/lib/ballast || true; ! head -c 500000 /dev/zero | sedge pub big -s';
    await done(this.#gateway, ballast);
    await this.#page.section('the-disk-is-full', 0, 1);
    await done(this.#gateway, 'rm var/lib/ballast');
    await this.#page.section('the-disk-is-full', 1);
  }

  async ofClock(): Promise<void> {
    const shift =
      'const now = Date.now; const ms = now() - Date.UTC(2010, 0, 1); Date.now = () => now() - ms;';
    await writeFile(join(this.#gateway.home, 'clock.mjs'), shift);
    this.#gateway.set('NODE_OPTIONS', `--import=${join(this.#gateway.home, 'clock.mjs')}`);
    await this.#page.section('the-clock-is-wrong');
    this.#gateway.set('NODE_OPTIONS', '');
  }

  /** The barn's card and its copy publish, each alone. */
  async ofForks(): Promise<void> {
    await done(this.#gateway, 'systemctl stop sedge');
    await done(this.#barn, 'systemctl stop sedge; cp -r var/lib/sedge copy');
    await done(this.#barn, 'systemctl start sedge; sedge pub site/barn/temp 4; systemctl stop sedge');
    await done(this.#barn, 'export SEDGE_DIR=~/copy; systemctl start sedge; sedge pub site/barn/temp 5');
    await done(this.#gateway, 'systemctl start sedge');
    await vi.waitFor(
      async () =>
        expect(await done(this.#gateway, 'sedge sub site/barn/temp --from all --wait 1 || true')).toContain(
          '5',
        ),
      WAIT,
    );
    await done(this.#barn, 'SEDGE_DIR=~/copy systemctl stop sedge; systemctl start sedge');
    await vi.waitFor(async () => expect(await done(this.#gateway, 'sedge forks')).toContain('main'), WAIT);
    await this.#page.section('a-fork-is-reported');
  }

  async ofDoors(): Promise<void> {
    await this.#page.section('the-same-machine-twice-or-another-agent-uses-this-directory');
    await done(this.#gateway, "printf 'first-password\\n' | sedge mqtt user add sensor");
    if (hasTool('mosquitto')) await this.#page.section('an-mqtt-client-is-refused');
    if (hasTool('curl')) await this.#page.section('http-says-401-403-415-or-421');
  }

  async ofSerial(): Promise<void> {
    this.#gateway.background("script -qc 'tty > port; exec sleep 600' /dev/null");
    const port = await vi.waitFor(async () => {
      const name = (await done(this.#gateway, 'cat port')).trim();
      expect(name).toMatch(/^\/dev\/pts\//);
      return name;
    }, WAIT);
    this.#gateway.set('SEDGE_SERIAL', port);
    await this.#page.section('a-serial-port-cannot-be-opened');
  }

  async ofFigures(): Promise<void> {
    await this.#page.section('it-takes-much-memory');
    if (!hasTool('curl')) return;
    await this.#page.section('the-disk-or-card-wears-out');
    await this.#page.section('it-is-slow');
  }
}

const WAIT = { timeout: 60_000, interval: 200 };

it('docs/guides/troubleshooting.md tells and mends what it says', async ({ onTestFinished }) => {
  const machines = await GuideMachines.make({ gateway: { doors: true }, barn: { doors: false } });
  onTestFinished(() => machines.close());
  const disk = join(machines.get('gateway').home, 'var/lib');
  const small = await mountSmall(disk);
  if (small) {
    // Before the files are removed, and after nobody writes there any more.
    onTestFinished(async () => {
      await machines.stop();
      await run('umount', ['-l', disk]);
    });
  }
  const page = new GuidePage('docs/guides/troubleshooting.md', machines);
  const trouble = new Trouble(page, machines);
  await trouble.ofPeers();
  await trouble.ofGaps();
  if (small) await trouble.ofDisk();
  await trouble.ofClock();
  await trouble.ofDoors();
  await trouble.ofSerial();
  await trouble.ofFigures();
  await trouble.ofForks();
  if (small && hasTool('mosquitto') && hasTool('curl')) expect(page.left()).toEqual([]);
}, 300_000);

/** Mounts a disk of a few megabytes; `false` where this user may not, which leaves one symptom out. */
async function mountSmall(path: string): Promise<boolean> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', path]);
    return true;
  } catch {
    console.warn('troubleshooting.md: no disk was made full, as that needs the right to mount one');
    return false;
  }
}

/** Runs commands of the test itself, which must succeed. */
async function done(machine: GuideMachine, code: string): Promise<string> {
  const { code: exitCode, printed } = await machine.run(code);
  if (exitCode !== 0) throw new Error(`${machine.name}: ${code} ended with ${exitCode}: ${printed}`);
  return printed;
}

async function holds(machine: GuideMachine, channel: string, messages: number): Promise<void> {
  await vi.waitFor(async () => {
    const lines = (await done(machine, 'sedge channels --json')).trim().split('\n');
    const held = lines.map((line) => JSON.parse(line)).find((one) => one.channel === channel);
    expect(held.messages).toBe(messages);
  }, WAIT);
}
