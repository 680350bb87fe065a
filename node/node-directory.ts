import { access, constants, mkdir, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SedgeError } from '../src/errors/index.ts';

/** The host's name, cut to what names may be. */
export function defaultName(): string {
  const [name] = hostname().toLowerCase().split('.');
  const plain = (name ?? '').replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return plain.slice(0, 32) || 'node';
}

/**
 * Makes a node's directory for its owner alone. One that exists keeps its rights (it may be anything); keys and
 * socket in it are for the owner alone anyway, and `sedge doctor` tells of it. Throws `agent.directory`.
 */
export async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectories(resolve(directory));
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('agent.directory', { directory, reason }, { cause: error });
  }
}

/**
 * Makes a directory and its parents one by one: Node's own recursive way never returns below file systems that
 * answer a new directory with "no such file", as `/proc` does.
 */
async function makeDirectories(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !(await exists(at)); at = dirname(at)) missing.unshift(at);
  for (const at of missing) {
    await mkdir(at, { mode: 0o700 }).catch((error: unknown) => {
      // Somebody else may have made it meanwhile.
      if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)) !== null;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw error;
  }
}
