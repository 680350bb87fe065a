import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 20_000;

interface Sample {
  readonly info: string;
  readonly code: string;
}

let scratch = '';
const agents: ChildProcess[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sedge-readme-'));
});

afterAll(async () => {
  for (const agent of agents) {
    if (agent.exitCode !== null) continue;
    agent.kill('SIGTERM');
    await once(agent, 'exit');
  }
  await rm(scratch, { recursive: true, force: true });
});

it('the samples of the README do what it says, in their order', async () => {
  const samples = readSamples(await readFile(join(ROOT, 'README.md'), 'utf8'));
  expect(samples.map(({ info }) => info)).toContain('sh agent');
  for (const sample of samples) {
    const { info, code } = sample;
    if (info === 'sh agent') await startAgent(code);
    else if (info === 'sh') await run('bash', ['-euo', 'pipefail', '-c', code], inScratch(60_000));
    else if (info === 'ts') await runProgram(code);
    else if (info === 'ts vitest') await runTest(code);
  }
});

/** The samples use the home directory; the test gives them one of their own. */
function inScratch(timeout: number) {
  return { cwd: ROOT, timeout, env: { ...process.env, HOME: scratch } };
}

function readSamples(text: string): Sample[] {
  return [...text.matchAll(/^```(\S[^\n]*)\n(.*?)^```/gms)].map(([, info, code]) => ({
    info: info!,
    code: code!,
  }));
}

/** Runs an agent in the background until the end, on a free port; resolves when it answers. */
async function startAgent(command: string): Promise<void> {
  const code = `exec node node/main.js ${command.trim().replace(/^npx sedge /, '')} --no-mdns --listen /ip4/127.0.0.1/tcp/0`;
  const agent = spawn('bash', ['-c', code], { ...inScratch(0), stdio: ['ignore', 'ignore', 'pipe'] });
  agents.push(agent);
  const directory = /--dir ~\/(\S+)/.exec(command)![1]!;
  for (const endMs = Date.now() + READY_MS; Date.now() < endMs; await sleep(100)) {
    const status = run(
      'node',
      ['node/main.js', 'status', '--dir', join(scratch, directory)],
      inScratch(10_000),
    );
    if (
      await status.then(
        () => true,
        () => false,
      )
    )
      return;
    if (agent.exitCode !== null) break;
  }
  throw new Error(`the agent of "${command.trim()}" did not get ready`);
}

/** Runs a program as a user's own package would: it imports `sedge` by name. */
async function runProgram(code: string): Promise<void> {
  const stdout = await runInSamples({ 'sample.ts': code }, 'sample.ts');
  expect(stdout).not.toBe('');
}

/** Runs a test as a user's own package would: with vitest as it is without settings. */
async function runTest(code: string): Promise<void> {
  const files = { 'sample.test.ts': code, 'vitest.config.ts': 'export default {};' };
  const stdout = await runInSamples(files, join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run');
  expect(stdout).toContain('1 passed');
}

/** Writes files into a folder within the package, runs Node there and returns what it said. */
async function runInSamples(files: Readonly<Record<string, string>>, ...command: string[]): Promise<string> {
  const folder = join(ROOT, 'test', '.samples');
  await mkdir(folder, { recursive: true });
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const { stdout } = await run('node', command, { ...inScratch(60_000), cwd: folder });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
