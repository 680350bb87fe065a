import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireReachable, serviceCommand } from '../../../../node/service/service-command.ts';

// Not in a folder for temporary files: the service sees none of those.
const HERE = join(process.cwd(), 'node_modules');

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(HERE, '.sedge-service-'));
  await chmod(directory, 0o755);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('what the service runs', () => {
  it('is this Node with the start script', () => {
    const [node, main] = serviceCommand({ reachable: false });
    expect(node).toMatch(/^\/.*node$/);
    expect(main).toMatch(/\/node\/main\.js$/);
  });

  it.each(['/home/pi/.nvm/versions/node/v24/bin/node', '/root/sedge/main.js', '/tmp/sedge/main.js'])(
    'cannot be %s, which it does not see',
    (path) =>
      expect(() => requireReachable(path)).toThrow(expect.objectContaining({ code: 'service.unreachable' })),
  );

  it('cannot be in a folder that is closed to others', async () => {
    const closed = join(directory, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await writeFile(join(closed, 'main.js'), '');
    expect(() => requireReachable(join(closed, 'main.js'))).toThrow(
      expect.objectContaining({ code: 'service.unreachable' }),
    );
  });
});
