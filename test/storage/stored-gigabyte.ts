/**
 * How long an agent takes to start, and what it holds in memory, with a filled journal against an empty one:
 * `node test/storage/stored-gigabyte.ts [SHAPE…] [--bytes N] [--runs N]`. One JSON object a line. Linux.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AgentProcess } from '../../node/demo/agent-process.ts';
import { initRealmDirectory } from '../../src/index.ts';
import { fillJournal, JOURNAL_SHAPES } from './fill-journal.ts';

/** After this, what start-up left behind is collected. */
const IDLE_MS = 10_000;

const { values, positionals } = parseArgs({
  options: {
    bytes: { type: 'string', default: '1000000000' },
    runs: { type: 'string', default: '3' },
  },
  allowPositionals: true,
});
const shapes = positionals.length === 0 ? Object.keys(JOURNAL_SHAPES) : positionals;
const parent = await mkdtemp(join(tmpdir(), 'sedge-stored-'));
try {
  for (const shape of ['empty', ...shapes]) await measure(shape);
} finally {
  await rm(parent, { recursive: true, force: true });
}

async function measure(shape: string): Promise<void> {
  const directory = join(parent, shape);
  await initRealmDirectory(directory, { realmName: 'stored', nodeName: 'node' });
  const layout = JOURNAL_SHAPES[shape];
  const filled =
    layout === undefined ? null : await fillJournal(directory, layout, { bytes: Number(values.bytes) });
  for (let run = 1; run <= Number(values.runs); run++) {
    for (const end of ['stop', 'kill'] as const) {
      // The start after a kill is an unclean one.
      console.log(JSON.stringify({ shape, ...filled, run, before: end, ...(await start(directory, end)) }));
    }
  }
  await rm(directory, { recursive: true, force: true });
}

async function start(directory: string, end: 'stop' | 'kill') {
  const before = AgentProcess.spawn({ directory, peers: [] });
  await before.ready();
  await (end === 'stop' ? before.stop() : before.kill());
  const startedAt = performance.now();
  const agent = AgentProcess.spawn({ directory, peers: [] });
  await agent.ready();
  const readyMs = Math.round(performance.now() - startedAt);
  await sleep(IDLE_MS);
  const status = await readFile(`/proc/${agent.pid}/status`, 'utf8');
  const residentMB = Math.round((Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024) / 1e6);
  await agent.stop();
  return { readyMs, residentMB };
}
