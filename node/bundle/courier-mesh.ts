import { isSedgeError } from '../../src/errors/index.ts';
import type {
  ExportOptions,
  ExportSummary,
  ImportCounts,
  ImportSummary,
  MeshStatus,
} from '../../src/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { DirectoryLock } from '../directory-lock.ts';

/** A bundle that is being written; the summary is there at its end. */
export interface OutgoingBundle extends AsyncIterable<Uint8Array> {
  readonly summary: ExportSummary | null;
}

/** What export and import need, of a running agent or of the directory itself. */
export interface CourierMesh {
  status(): Promise<MeshStatus>;
  exportBundle(options: ExportOptions): OutgoingBundle;
  importBundle(
    source: AsyncIterable<Uint8Array>,
    onProgress: (progress: ImportCounts) => void,
  ): Promise<ImportSummary>;
}

/**
 * Runs `work` with the agent of the directory or, where none runs, with the directory itself: under its lock and
 * without a network, so that a stick can be filled and read on a machine whose agent is down.
 */
export async function withCourierMesh<T>(
  context: CommandContext,
  work: (mesh: CourierMesh) => Promise<T>,
): Promise<T> {
  const agent = context.connect();
  try {
    if (await answers(agent)) return await work(agent);
  } finally {
    await agent.close();
  }
  return withDirectory(context, work);
}

async function answers(agent: CourierMesh): Promise<boolean> {
  try {
    await agent.status();
    return true;
  } catch (error) {
    if (isSedgeError(error, 'agent.not-running')) return false;
    throw error;
  }
}

async function withDirectory<T>(
  context: CommandContext,
  work: (mesh: CourierMesh) => Promise<T>,
): Promise<T> {
  const { openMesh } = await import('../../src/index.ts');
  const { directory } = context;
  // First, as it says best what is wrong with a directory that is no node's.
  const mesh = await openMesh({ directory, network: false });
  const lock = await DirectoryLock.take(directory);
  try {
    await mesh.start();
    context.note('no agent runs here: working on the directory itself');
    return await work({
      status: async () => mesh.status(),
      exportBundle: (options) => mesh.exportBundle(options),
      importBundle: (source, onProgress) => mesh.importBundle(source, { onProgress }),
    });
  } finally {
    await mesh.stop();
    lock.release();
  }
}
