import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BOOT = fileURLToPath(new URL('./boot-systemd.sh', import.meta.url));
/** Where the kernel has its second version of control groups, alone or beside the first. */
const CGROUPS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((path) =>
  existsSync(join(path, 'cgroup.procs')),
);
const NAMESPACES = ['--mount', '--pid', '--fork', '--cgroup', '--ipc', '--uts', '--net', '--kill-child'];
const BOOT_MS_MAX = 60_000;

/** Whether a systemd can be booted here, and a line if not: what is left out is seen. */
export function canBootSystemd(): boolean {
  const can = tryToBoot();
  if (!can)
    console.warn(
      'Tests left out: a service under a real systemd. To run them: root, namespaces, a cgroup2 to write in',
    );
  return can;
}

/** As root, with namespaces and control groups; not in most containers. */
function tryToBoot(): boolean {
  if (process.getuid?.() !== 0 || CGROUPS === undefined || !existsSync('/lib/systemd/systemd')) return false;
  if (!canMakeGroup(CGROUPS)) return false;
  const script =
    'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && mount -t cgroup2 cgroup2 /mnt/r/sys';
  return spawnSync('unshare', [...NAMESPACES, 'sh', '-c', script], { timeout: 30_000 }).status === 0;
}

function canMakeGroup(parent: string): boolean {
  const group = join(parent, `sedge-try-${process.pid}`);
  try {
    mkdirSync(group);
    rmdirSync(group);
    return true;
  } catch {
    return false;
  }
}

/** A systemd of its own, with the files of this machine as they are now; what it changes is gone with it. */
export class SystemdMachine {
  readonly #child: ChildProcess;
  readonly #work: string;
  readonly #cgroup: string;
  #pid = 0;

  private constructor(child: ChildProcess, { work, cgroup }: { work: string; cgroup: string }) {
    this.#child = child;
    this.#work = work;
    this.#cgroup = cgroup;
  }

  static async boot(): Promise<SystemdMachine> {
    const work = await mkdtemp(join(tmpdir(), 'sedge-machine-'));
    const cgroup = join(CGROUPS!, `sedge-test-${process.pid}`);
    await mkdir(cgroup);
    // A shell enters the group first: the namespace of groups begins where its first process is.
    const words = [
      '-c',
      'echo $$ >"$0/cgroup.procs" && exec unshare "$@"',
      cgroup,
      ...NAMESPACES,
      'sh',
      BOOT,
      work,
    ];
    const child = spawn('sh', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const machine = new SystemdMachine(child, { work, cgroup });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    for (const endMs = Date.now() + BOOT_MS_MAX; Date.now() < endMs; await sleep(50)) {
      if (await machine.#isUp()) return machine;
      if (child.exitCode !== null) break;
    }
    await machine.stop();
    throw new Error(`systemd did not boot: ${said}`);
  }

  /** Runs a command in it; throws with what it said if it fails. */
  async run(command: string, ...words: readonly string[]): Promise<string> {
    const inside = ['-t', String(this.#pid), '-m', '-p', '-n', '-i', '-u', '-C', '--', command, ...words];
    const env = {
      PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
    };
    return (await run('nsenter', inside, { env, timeout: 120_000, cwd: '/' })).stdout;
  }

  /** A property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.run('systemctl', 'show', unit, `--property=${name}`, '--value')).trim();
  }

  /** Waits until a question has the answer. */
  async until(question: () => Promise<boolean>, what: string): Promise<void> {
    for (const endMs = Date.now() + BOOT_MS_MAX; Date.now() < endMs; await sleep(100)) {
      if (await question()) return;
    }
    const log = await this.run('journalctl', '--no-pager', '-n', '40').catch(() => '');
    throw new Error(`it did not happen: ${what}\n${log}`);
  }

  /** Ends it with all that runs in it. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await gone;
    }
    await rm(this.#work, { recursive: true, force: true });
    await this.#removeGroup();
  }

  async #isUp(): Promise<boolean> {
    const children = `/proc/${this.#child.pid}/task/${this.#child.pid}/children`;
    this.#pid = Number((await readFile(children, 'utf8').catch(() => '')).trim().split(' ')[0]);
    if (!this.#pid) return false;
    const state = await this.run('systemctl', 'is-system-running').catch((error) => String(error.stdout));
    return /^(?:running|degraded)/.test(state);
  }

  /** Processes of a killed namespace are gone a moment later. */
  async #removeGroup(): Promise<void> {
    await writeFile(join(this.#cgroup, 'cgroup.kill'), '1').catch(() => {});
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await removeTree(this.#cgroup)) return;
      await sleep(50);
    }
  }
}

/** Groups are removed from the innermost on. */
async function removeTree(group: string): Promise<boolean> {
  const { stdout } = await run('find', [group, '-depth', '-type', 'd']).catch(() => ({ stdout: '' }));
  for (const path of stdout.split('\n').filter(Boolean)) await rmdir(path).catch(() => {});
  return !existsSync(group);
}
