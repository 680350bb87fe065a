import { afterEach, expect, it } from 'vitest';
import { MeshWorld, until } from './mesh-world.ts';

let world: MeshWorld | null = null;

afterEach(async () => {
  await world?.stop();
  world = null;
});

it('keeps the channels that an admin declared when that admin is revoked', async () => {
  world = new MeshWorld();
  const root = await world.node('root');
  const admin = await world.node('admin', {
    place: { ...world.place('admin', 'admin'), root: null, record: null },
  });
  await world.link(root, admin);
  await admin.mesh.declareChannels([{ name: 'alarm', filter: 'alarm/#' }]);
  await until(() => root.mesh.realm().channels.length === 1, 'the root heard of the channel');

  await root.mesh.revoke('admin');
  expect(root.mesh.realm().nodes.find(({ name }) => name === 'admin')?.status).toBe('revoked');
  expect(root.mesh.realm().channels).toEqual([{ name: 'alarm', filter: 'alarm/#' }]);
});

it('refuses to revoke the node itself', async () => {
  world = new MeshWorld();
  const root = await world.node('root');
  await expect(root.mesh.revoke('root')).rejects.toMatchObject({ code: 'mesh.bad-option' });
  expect(root.mesh.realm().nodes).toMatchObject([{ name: 'root', status: 'granted' }]);
});
