import { access, constants, mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
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
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('agent.directory', { directory, reason }, { cause: error });
  }
}
