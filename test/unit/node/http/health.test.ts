import { rm } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpWorld } from './http-world.ts';

let world: HttpWorld;

afterEach(() => world?.stop());

describe('whether the node is well', () => {
  it('is told to anybody who reaches it, and nothing more', async () => {
    world = await HttpWorld.start({ local: 'none' });
    expect(await world.ask('/healthz')).toMatchObject({ status: 200, body: { alive: true } });
    const { status, body } = await world.ask('/readyz');
    expect(status).toBe(200);
    const ok = { ok: true, ms: expect.any(Number) };
    expect(body).toEqual({ ready: true, checks: { journal: ok, disk: ok, loop: ok } });
  });

  it('is denied where the disk takes nothing, though the process answers', async () => {
    world = await HttpWorld.start();
    await rm(world.directory, { recursive: true });
    const answer = await world.ask('/readyz');
    expect(answer).toMatchObject({
      status: 503,
      body: { ready: false, checks: { disk: { ok: false, reason: 'ENOENT' } } },
    });
    expect((await world.ask('/healthz')).status).toBe(200);
  });

  it('is denied where the journal does not get to the disk', async () => {
    world = await HttpWorld.start();
    world.mesh.stored = new Promise(() => {});
    const answers = await Promise.all([world.ask('/readyz'), world.ask('/readyz')]);
    for (const { status, body } of answers) {
      expect(status).toBe(503);
      expect(body).toMatchObject({ ready: false, checks: { journal: { ok: false }, disk: { ok: true } } });
    }
  });
});
