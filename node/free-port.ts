import { createServer } from 'node:net';

/** The first of sedge's ports, and how many follow it. */
export const PORT_FIRST = 7_600;
const PORTS = 20;

/** The first free TCP port of 7600 to 7619, so that several agents run on one machine; 0 (any) if none is. */
export async function freePort(): Promise<number> {
  for (let port = PORT_FIRST; port < PORT_FIRST + PORTS; port++) if (await isFree(port)) return port;
  return 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
