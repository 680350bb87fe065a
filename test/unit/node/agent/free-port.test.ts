import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { onFreePort } from '../../../../node/agent/free-port.ts';
import { SedgeError } from '../../../../src/errors/index.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

describe('onFreePort', () => {
  it('goes on to the next port if another agent was quicker to take the one that looked free', async () => {
    const tried: number[] = [];
    const port = await onFreePort(async (free) => {
      tried.push(free);
      if (tried.length === 1) {
        await occupy(free);
        throw new SedgeError('overlay.listen-failed', { listen: String(free) });
      }
      return free;
    });
    expect(tried).toHaveLength(2);
    expect(port).toBe(tried[1]);
    expect(port).not.toBe(tried[0]);
  });

  it('hands on any other failure at once', async () => {
    const tried: number[] = [];
    const starting = onFreePort(async (free) => {
      tried.push(free);
      throw new SedgeError('journal.disk-full', {});
    });
    await expect(starting).rejects.toMatchObject({ code: 'journal.disk-full' });
    expect(tried).toHaveLength(1);
  });
});

async function occupy(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  server.listen({ port, host: '0.0.0.0' });
  await once(server, 'listening');
}
