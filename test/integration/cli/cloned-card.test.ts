import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { objects, Sedge } from './sedge-process.ts';

let sedge: Sedge;

beforeEach(() => {
  sedge = new Sedge();
});

afterEach(() => sedge.cleanUp());

test('the copy of a card is found, shown with what to do, and costs no message', async () => {
  const gateway = await sedge.directory();
  const card = await sedge.directory();
  await sedge.run(gateway, ['init', 'farm', '--name', 'gateway']);
  const { ready } = await sedge.startAgent(gateway);
  const token = (await sedge.run(gateway, ['invite'])).stdout;
  expect((await sedge.run(card, ['join', '-', '--name', 'barn'], token)).code).toBe(0);
  const first = await sedge.startAgent(card, '--peer', ready.addresses[0]!);
  expect((await sedge.run(card, ['pub', 't', 'both'])).code).toBe(0);
  await sedge.kill(first.child, 'SIGTERM');
  const copy = join(await sedge.directory(), 'copy');
  await mkdir(copy, { mode: 0o700 });
  await cp(card, copy, { recursive: true });

  const original = await sedge.startAgent(card, '--peer', ready.addresses[0]!);
  expect((await sedge.run(card, ['pub', 't', 'original'])).code).toBe(0);
  await heard(['both', 'original']);
  await sedge.kill(original.child, 'SIGKILL');
  // It publishes before it meets anybody, as a card in a new place does.
  const other = await sedge.startAgent(copy, '--no-discovery');
  expect((await sedge.run(copy, ['pub', 't', 'copy'])).code).toBe(0);
  await sedge.kill(other.child, 'SIGTERM');
  await sedge.startAgent(copy, '--peer', ready.addresses[0]!);

  await vi.waitFor(
    async () => {
      const forks = objects((await sedge.run(gateway, ['forks', '--json'])).stdout).map(({ fork }) => fork);
      expect(forks).toContainEqual(
        expect.objectContaining({ channel: 'main', name: 'barn', end: 2, alarm: true }),
      );
    },
    { timeout: 20_000, interval: 300 },
  );
  const table = await sedge.run(gateway, ['forks']);
  expect(table.stdout).toContain('two entries for one number');
  expect(table.stderr).toContain('sedge doctor');
  const doctor = await sedge.run(gateway, ['doctor']);
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toMatch(
    /fail {2}alarm: Node barn \(12D3\w+\) signed two things that exclude each other/,
  );
  expect(doctor.stdout).toContain('sedge revoke barn');
  expect((await sedge.run(gateway, ['status'])).stdout).toContain('ALARM entry.forked');

  // The copy publishes its own again at once; the original does when it is back.
  await heard(['both', 'copy']);
  const back = await sedge.startAgent(card, '--peer', ready.addresses[0]!);
  await heard(['both', 'copy', 'original']);
  await sedge.kill(back.child, 'SIGTERM');

  async function heard(payloads: readonly string[]): Promise<void> {
    await vi.waitFor(
      async () => {
        const sub = await sedge.run(gateway, ['sub', 't', '--from', 'all', '--wait', '1']);
        expect(sub.stdout.split('\n').filter(Boolean).sort()).toEqual(payloads);
      },
      { timeout: 25_000, interval: 300 },
    );
  }
}, 120_000);
