import { createServer } from 'node:net';
import { isSedgeError } from '../../src/errors/index.ts';

/** The first of sedge's ports, and how many follow it. */
export const PORT_FIRST = 7_600;
const PORTS = 20;

/**
 * What `start` gives on the first free TCP port of 7600 to 7619, so that several agents run on one machine; on 0 (any)
 * if none is free. A port that another agent took between the look and the use (`overlay.listen-failed`) is passed
 * over: two that start at once both come up.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let port = PORT_FIRST; port < PORT_FIRST + PORTS; port++) {
    if (!(await isFree(port))) continue;
    try {
      return await start(port);
    } catch (error) {
      if (!isSedgeError(error, 'overlay.listen-failed')) throw error;
    }
  }
  return start(0);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
