import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { SedgeError } from '../../src/errors/index.ts';

/** Name of the control socket in the directory of a node. */
export const CONTROL_SOCKET = 'control.sock';

/** `sun_path` of Linux and of the BSDs (macOS), without the closing NUL. */
const SOCKET_PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

/** A path of a node's control socket that the system takes. */
export interface ControlSocketPath {
  readonly path: string;
  /** Ends the use of the path: at once after connecting, for a listener after closing. */
  release(): void;
}

/**
 * The control socket of a directory. A socket's path is limited to 107 bytes; for a longer one Linux gets
 * `/proc/self/fd/<directory>/control.sock`, which is the same file by a short name and so needs no second place
 * that both sides would have to agree on. Throws `agent.directory` where that is not possible.
 */
export function controlSocketPath(directory: string): ControlSocketPath {
  const path = join(directory, CONTROL_SOCKET);
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return { path, release: () => {} };
  if (process.platform !== 'linux') {
    const reason = `its path is too long for a Unix socket, ${SOCKET_PATH_BYTES_MAX} bytes at most`;
    throw new SedgeError('agent.directory', { directory, reason });
  }
  const descriptor = openDirectory(directory);
  // Connecting to what is not there fails in the usual way, as it does with a short path.
  if (descriptor === null) return { path: `/proc/self/fd/-1/${CONTROL_SOCKET}`, release: () => {} };
  let open = true;
  return {
    path: `/proc/self/fd/${descriptor}/${CONTROL_SOCKET}`,
    release: () => {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** `null` if there is no such directory. */
function openDirectory(directory: string): number | null {
  try {
    return openSync(directory, 'r');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw new SedgeError('agent.directory', { directory, reason: String(error) }, { cause: error });
  }
}
