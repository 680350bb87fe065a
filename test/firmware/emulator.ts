import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buildFolder, buildProgram, run } from './build-program.ts';

/** A board whose serial line is a pty of this machine, as if it were plugged in. It runs at the pace of the wall clock. */
export interface Emulator {
  readonly portPath: string;
  /** Pulls the reset pin, where the emulator can. */
  reset(): void;
  /** Ends it. Idempotent. */
  stop(): Promise<void>;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Starts a machine of QEMU with a program; its first serial line is the pty. It has no reset pin. */
export async function startQemu(machine: string, program: string): Promise<Emulator> {
  const argv = ['-M', machine, '-kernel', program, '-display', 'none', '-monitor', 'none', '-serial', 'pty'];
  const child = spawn('qemu-system-arm', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  return emulatorOf(child, /redirected to (\S+)/, () => {
    throw new Error('a machine of QEMU has no reset pin here');
  });
}

/** Builds the runner of simavr; see the head of its source. */
export function buildSimavrRunner(): Promise<string> {
  return buildProgram({
    compiler: 'gcc',
    flags: ['-std=c99', '-Wall', '-Wextra', '-Werror', '-O2'],
    sources: ['test/firmware/simavr-runner/simavr_runner.c'],
    libraries: ['-lsimavr', '-lelf'],
  });
}

/** Starts an ATmega328P with a program for the Uno and an EEPROM that is kept in a file. */
export async function startSimavr(runner: string, program: string, eeprom: string): Promise<Emulator> {
  const child = spawn(runner, [program, eeprom], { stdio: ['ignore', 'pipe', 'pipe'] });
  return emulatorOf(child, /^pty (\S+)$/m, () => child.kill('SIGUSR1'));
}

async function emulatorOf(child: Child, port: RegExp, reset: () => void): Promise<Emulator> {
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', kill);
  };
  try {
    return { portPath: await portOf(child, port), reset, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the line that names the pty. */
function portOf(child: Child, port: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  const listen = (text: Buffer) => {
    said += text.toString();
    const found = port.exec(said)?.[1];
    if (found !== undefined) resolve(found);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`the emulator ended with ${code}: ${said}`)));
  return promise;
}

/** A board of `firmware-bridge/c/ports/cortex-m`, by the name that QEMU has for it. */
export type CortexMBoard = 'microbit' | 'mps2-an385';

/** Builds the sensor of the Cortex-M boards with the makefile that is there for people. */
export async function buildCortexM(board: CortexMBoard): Promise<string> {
  const folder = buildFolder();
  await run('make', ['-s', '-C', 'firmware-bridge/c/ports/cortex-m', `BOARD=${board}`, `BUILD=${folder}`]);
  return join(folder, `${board}.elf`);
}
