import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { runCli } from '../../node/cli.ts';
import type { Scenario } from '../../simulations/index.ts';

vi.mock('../../simulations/scenarios/scenario-list.ts', () => {
  const failing: Scenario = {
    name: 'bad-luck',
    summary: 'Fails with even seeds.',
    durationText: '1 min',
    overlays: ['model'],
    async run(context) {
      const mesh = await context.mesh({ nodes: context.nodes ?? 2 });
      mesh.subscribeAll();
      await mesh.node('n1').publish('site/x', '1');
      await mesh.advance('1m');
      if (context.seed % 2 === 0) throw new Error('the farm is flooded');
    },
  };
  return { SCENARIOS: [failing] };
});

function sink(): Writable & { text: string } {
  const written = new Writable({
    write(chunk: Buffer, _encoding, done) {
      Object.assign(written, { text: `${text()}${chunk}` });
      done();
    },
  });
  const text = () => (written as unknown as { text: string }).text;
  return Object.assign(written, { text: '' }).setMaxListeners(0);
}

test('a scenario that fails ends in exit code 1, with the seed and the command that plays it again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sedge-simulate-'));
  const [stdout, stderr, report] = [sink(), sink(), join(directory, 'run.html')];
  const io = { stdin: Readable.from([]), stdout, stderr, env: {}, nowMs: () => 0 };
  const words = ['simulate', '--all', '--seeds', '3', '--nodes', '4', '--report', report];
  expect(await runCli(words, io)).toBe(1);
  expect(stdout.text.match(/ok$|1 violation$/gm)).toEqual(['ok', '1 violation', 'ok']);
  expect(stderr.text).toContain('bad-luck, seed 2, on the model overlay:\n  scenario: the farm is flooded');
  expect(stderr.text).toContain(
    'To run it again: npx sedge simulate bad-luck --seed 2 --overlay model --nodes 4',
  );
  expect(stderr.text).toContain('1 of 3 runs failed.');
  const { runs } = JSON.parse(/id="runs">(.*?)<\/script>/s.exec(await readFile(report, 'utf8'))![1]!);
  expect(runs.map((run: { ok: boolean }) => run.ok)).toEqual([true, false, true]);
  expect(runs[1].violations).toEqual([{ checker: 'scenario', what: 'the farm is flooded', t: 60 }]);
  await rm(directory, { recursive: true });
});
