import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../page-samples.ts';

const READY_MS_MAX = 30_000;
const RUN_MS_MAX = 60_000;
/** Below the ports that systems give out by themselves. */
const PORT_MIN = 20_000;
const PORTS = 10_000;

/** What a block printed, both streams as they came, and how it ended. */
export interface Ran {
  readonly code: number;
  readonly printed: string;
}

/**
 * A machine of a guide: a home directory, ports and a PATH of its own on this one. `sedge` is this clone's; `sudo` runs
 * what it is given, and all files have one owner; `/var/lib`, `/etc/sedge` and `/dev/ttyUSB0` are below its home; `ssh` and `scp` reach the guide's
 * other machines; `systemctl` and `journalctl` have the agent as their one service.
 */
export class GuideMachine {
  readonly name: string;
  readonly home: string;
  readonly #env: Record<string, string | undefined>;
  readonly #mqttPort: string;
  readonly #running: ChildProcess[] = [];

  private constructor(name: string, home: string, env: Record<string, string | undefined>) {
    this.#mqttPort = env.SEDGE_MQTT!;
    this.name = name;
    this.home = home;
    this.#env = env;
  }

  /** Makes a machine; `folder` is where all machines of a guide are. With `doors`, its agent has MQTT and HTTP. */
  static async make(folder: string, name: string, doors = false): Promise<GuideMachine> {
    const home = join(folder, name);
    for (const below of ['.bin', '.config', 'dev', 'var/lib', 'etc/sedge'])
      await mkdir(join(home, below), { recursive: true });
    await installPackage(home);
    const [mqtt, http] = doors ? [await freePort(), await freePort()] : ['off', 'off'];
    // Clients find the ports that a page names.
    for (const client of ['mosquitto_pub', 'mosquitto_sub'])
      await writeFile(join(home, '.config', client), `-p ${mqtt}\n`);
    await writeFile(join(home, '.curlrc'), `connect-to = "localhost:8420:127.0.0.1:${http}"\n`);
    const own = {
      HOME: home,
      USER: userInfo().username,
      PATH: `${join(home, '.bin')}:${process.env.PATH}`,
      SEDGE_DIR: join(home, 'var/lib/sedge'),
      SEDGE_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}`,
      SEDGE_MDNS: '0',
      SEDGE_MQTT: String(mqtt),
      SEDGE_HTTP: String(http),
      XDG_CONFIG_HOME: join(home, '.config'),
    };
    const lines = Object.entries(own).map(([variable, value]) => `export ${variable}='${value}'\n`);
    await writeFile(join(home, '.machine'), lines.join(''));
    const env = { ...process.env, ...own, SEDGE_NAME: undefined, NODE_ENV: 'test' };
    const machine = new GuideMachine(name, home, env);
    for (const [tool, script] of Object.entries(TOOLS)) {
      const path = join(home, '.bin', tool);
      await writeFile(path, `#!/bin/bash\nset -euo pipefail\n${script}\n`);
      await chmod(path, 0o755);
    }
    return machine;
  }

  /** Sets a variable for all that runs from now on. */
  set(name: string, value: string): void {
    this.#env[name] = value;
  }

  /** Runs a block to its end. */
  async run(code: string, stdin = ''): Promise<Ran> {
    const child = execFile('bash', ['-euo', 'pipefail', '-c', `exec 2>&1\n${this.#here(code)}`], {
      cwd: this.home,
      env: this.#env,
      timeout: RUN_MS_MAX,
      maxBuffer: 64 * 1_048_576,
    });
    // One that ends at once reads nothing.
    child.stdin!.on('error', () => {});
    child.stdin!.end(stdin);
    let printed = '';
    child.stdout!.on('data', (chunk) => {
      printed += String(chunk);
    });
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, string | null];
    if (exitCode === null) throw new Error(`${this.name}: ended by ${signal}: ${code}\n${printed}`);
    return { code: exitCode, printed };
  }

  /** Leaves an agent running instead of the one before; resolves when it answers. The port of MQTT is the machine's own. */
  async startAgent(command: string): Promise<void> {
    const socket = join(this.home, 'var/lib/sedge/control.sock');
    if (existsSync(socket)) await this.run('sedge stop');
    const child = this.background(command.replace(/\b1883\b/, this.#mqttPort));
    for (const endMs = Date.now() + READY_MS_MAX; Date.now() < endMs; await sleep(50)) {
      if (existsSync(socket)) return;
      if (child.exitCode !== null) break;
    }
    const log = await readFile(join(this.home, 'agent.log'), 'utf8');
    throw new Error(`${this.name}: the agent of "${command.trim()}" did not get ready: ${log}`);
  }

  /** Leaves a device running; resolves when its port is there. */
  async startDevice(command: string): Promise<void> {
    this.background(command);
    const port = join(this.home, /--pty ~\/(\S+)/.exec(command)![1]!);
    for (const endMs = Date.now() + READY_MS_MAX; Date.now() < endMs; await sleep(50))
      if (existsSync(port)) return;
    throw new Error(`${this.name}: the device of "${command.trim()}" made no port`);
  }

  /** Leaves a command running until the machine is taken down. */
  background(command: string): ChildProcess {
    const logged = `exec >>"$HOME/agent.log" 2>&1\nexec ${this.#here(command.trim())}`;
    const child = spawn('bash', ['-c', logged], { cwd: this.home, env: this.#env, stdio: 'ignore' });
    this.#running.push(child);
    return child;
  }

  /** Places of the system are below its home; an agent that runs by hand and a service have one directory. */
  #here(code: string): string {
    return code
      .replaceAll('~/.sedge', '/var/lib/sedge')
      .replaceAll(/(?<![\w/~])(?=\/(?:var\/lib|etc\/sedge|dev\/ttyUSB0)\b)/g, this.home);
  }

  /** Ends all that runs on it. */
  async close(): Promise<void> {
    await this.run('systemctl stop sedge || true');
    for (const child of this.#running.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await endAllOf(this.home);
  }
}

/**
 * Kills whatever still runs with this home. A test that fails in the middle leaves services that nobody stops, and an
 * agent that is left over waits for its serial port for ever: it would take the next terminal of that number from another
 * test.
 */
async function endAllOf(home: string): Promise<void> {
  const processes = await readdir('/proc').catch(() => []);
  for (const pid of processes.filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (!environment.split('\0').includes(`HOME=${home}`)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}

/** Makes the machines of a guide, and takes them down again. */
export class GuideMachines {
  readonly #folder: string;
  readonly #machines = new Map<string, GuideMachine>();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** By name, and whether agents there have MQTT and HTTP. */
  static async make(machines: Readonly<Record<string, { readonly doors: boolean }>>): Promise<GuideMachines> {
    const made = new GuideMachines(await mkdtemp(join(tmpdir(), 'sedge-guide-')));
    for (const [name, { doors }] of Object.entries(machines))
      made.#machines.set(name, await GuideMachine.make(made.#folder, name, doors));
    return made;
  }

  get(name: string): GuideMachine {
    return this.#machines.get(name)!;
  }

  /** The one that a block without a name is for. */
  get first(): GuideMachine {
    return this.#machines.values().next().value!;
  }

  /** Ends all that runs on them; their files stay. */
  async stop(): Promise<void> {
    await Promise.all([...this.#machines.values()].map((machine) => machine.close()));
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** What the package leaves on a machine: an empty directory with a link to empty settings. */
async function installPackage(home: string): Promise<void> {
  await mkdir(join(home, 'var/lib/sedge'), { mode: 0o700 });
  await writeFile(join(home, 'etc/sedge/sedge.yaml'), '');
  await symlink('../../../etc/sedge/sedge.yaml', join(home, 'var/lib/sedge/sedge.yaml'));
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * PORTS);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

const TOOLS: Readonly<Record<string, string>> = {
  sedge: `exec '${process.execPath}' '${join(ROOT, 'node/main.js')}' "$@"`,
  npx: 'exec "$@"',
  sudo: `exec "$@"`,
  ssh: `there="$(dirname "$HOME")/$1"; shift
command="\${*//"$HOME"/"$there"}"
. "$there/.machine"
cd "$there"
exec bash -c "$command"`,
  install: `kept=()
while (($#)); do case "$1" in -o | -g) shift 2 ;; *) kept+=("$1"); shift ;; esac; done
exec /usr/bin/install "\${kept[@]}"`,
  scp: `paths=()
for path; do case "$path" in *:*) paths+=("$HOME/../\${path/://}") ;; *) paths+=("$path") ;; esac; done
exec cp -r "\${paths[@]}"`,
  systemctl: `unit() { sedge stop >/dev/null 2>&1 || true; }
case "$*" in
*start*sedge*) [[ "$*" == *restart* ]] && unit
  setsid sedge start >>"$HOME/agent.log" 2>&1 </dev/null &
  for try in {1..600}; do [ -S "$SEDGE_DIR/control.sock" ] && exit 0; sleep 0.1; done; exit 1 ;;
*stop*sedge*) unit ;;
*) exit 1 ;;
esac`,
  journalctl: 'exec cat "$HOME/agent.log"',
};
