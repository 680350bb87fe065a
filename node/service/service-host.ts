import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SedgeError } from '../../src/errors/index.ts';
import type { ServiceStep } from './service-plan.ts';
import { SERVICE_NAME } from './unit-text.ts';

const run = promisify(execFile);

/** What systemd tells of the service. */
export type UnitFacts = Readonly<Record<string, string>>;

/** The machine, or the files of another system below `root`. */
export class ServiceHost {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Content of a file below the root; `null` if it is not there. */
  read = (path: string): string | null => {
    try {
      return readFileSync(join(this.root, path), 'utf8');
    } catch {
      return null;
    }
  };

  /** Whether something is there below the root. */
  exists = (path: string): boolean => existsSync(join(this.root, path));

  /** Whether systemd would start the service at boot. */
  async isEnabled(): Promise<boolean> {
    const below = this.root === '/' ? [] : [`--root=${this.root}`];
    const answer = await run('systemctl', [...below, 'is-enabled', SERVICE_NAME]).catch(() => null);
    return answer?.stdout.trim() === 'enabled';
  }

  /** What the running systemd says of the service; empty where none runs. */
  async unit(properties: readonly string[]): Promise<UnitFacts> {
    if (this.root !== '/') return {};
    const words = ['show', SERVICE_NAME, `--property=${properties.join(',')}`];
    const answer = await run('systemctl', words).catch(() => null);
    const lines = (answer?.stdout ?? '').split('\n').filter((line) => line.includes('='));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }

  /** Carries a step out. Throws `service.failed` with what was said. */
  async carryOut(step: ServiceStep): Promise<void> {
    try {
      if (step.kind === 'run') await run(step.words[0]!, step.words.slice(1));
      else if (step.kind === 'remove') await rm(join(this.root, step.path), { recursive: true, force: true });
      else await this.#write(step.path, step.text);
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      const what = step.kind === 'run' ? step.words.join(' ') : step.path;
      throw new SedgeError(
        'service.failed',
        { step: what, reason: stderr?.trim() || message },
        { cause: error },
      );
    }
  }

  /** Written whole or not at all. */
  async #write(path: string, text: string): Promise<void> {
    const file = join(this.root, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(`${file}.new`, text);
    await chmod(`${file}.new`, 0o644);
    await rename(`${file}.new`, file);
  }
}
