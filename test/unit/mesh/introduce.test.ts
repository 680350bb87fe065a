import { afterEach, describe, expect, it } from 'vitest';
import { MeshWorld, until } from './mesh-world.ts';

describe('a node that introduces itself with its first message', () => {
  let world: MeshWorld;

  afterEach(() => world.stop());

  it('is not told of before, and its messages count after', async () => {
    world = new MeshWorld();
    const [a, b] = await world.line(['a', 'b'], { introduce: 'publish' });
    // The admin's grants and its record of the realm are needed by all.
    const admin = a!.mesh.node;
    await until(() => b!.mesh.logs().length === 1, 'the admin is known');
    expect([...a!.mesh.logs(), ...b!.mesh.logs()].map(({ author }) => author)).toEqual([admin, admin]);
    const published = ['1', '2', '3'].map((text) => b!.mesh.publish('site/x', text));
    expect((await Promise.all(published)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    await until(
      () => a!.mesh.logs().some(({ channel, held }) => channel === 'main' && held === 3),
      'all arrive',
    );
    const grants = a!.mesh.logs().filter(({ channel, author }) => channel === '$realm' && author !== admin);
    expect(grants.map(({ author, held }) => [author, held])).toEqual([[b!.mesh.node, 1]]);
  });
});
