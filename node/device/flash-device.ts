import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parsePortAddress } from '../../firmware-bridge/host/transport/port-address.ts';
import { isSedgeError, SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from '../cli/command-context.ts';
import type { AgentClient } from '../control/client/index.ts';
import { BOARD_TOOL, BOARDS, boardToolArguments } from './board-tool.ts';

/** Options of `sedge device flash`. */
export interface FlashOptions {
  readonly hex?: string;
  readonly board: string;
  readonly dryRun?: boolean;
  /** Program and arguments in place of avrdude; `{port}` stands for the port. */
  readonly tool?: readonly string[];
}

/** What of the tool's words is kept for the error. */
const TOOL_WORDS_MAX = 2_000;

/**
 * Writes firmware into a board with the board's own tool. A running agent lets go of the port first and takes it back
 * afterwards, whatever came of it.
 */
export async function flashDevice(
  context: CommandContext,
  where: string,
  options: FlashOptions,
): Promise<void> {
  const lineAt = await planOf(options);
  const { dryRun = false } = options;
  const agent = context.connect();
  try {
    const port = devicePath(await portOf(agent, where));
    const line = lineAt(port);
    if (dryRun) return await report(context, { port, line, flashed: false });
    // From here on an interruption ends the tool, and the agent still gets its port back.
    const interruption = context.interruption();
    const reclaim = await release(agent, port);
    try {
      await runTool(context, line, interruption);
    } finally {
      await reclaim();
    }
    await report(context, { port, line, flashed: true });
  } finally {
    await agent.close();
  }
}

/** Checks what can be checked before a board is reset, and gives the command line for a port. */
async function planOf({ hex, board: name, tool = [] }: FlashOptions): Promise<(port: string) => string[]> {
  if ((hex === undefined) === (tool.length === 0)) {
    throw new SedgeError('cli.usage', { reason: 'give --hex FILE, or a tool of your own behind --' });
  }
  if (hex === undefined) return (port) => tool.map((word) => word.replaceAll('{port}', port));
  const board = BOARDS.find((one) => one.name === name)!;
  const file = resolve(hex);
  await checkHexFile(file);
  return (port) => [BOARD_TOOL, ...boardToolArguments(board, port, file)];
}

/** A port as it is, else the port of the device that has this name or id. */
async function portOf(agent: AgentClient, where: string): Promise<string> {
  if (isPort(where)) return where;
  const device = (await agent.devices()).find(({ name, id }) => name === where || id === where.toLowerCase());
  if (device?.port) return device.port;
  const reason =
    device === undefined
      ? `${where} is neither a port nor a device that the agent knows`
      : `${where} was never seen: give the port`;
  throw new SedgeError('cli.usage', { reason });
}

/** True for what can only be a port: names of devices hold no slash. */
export function isPort(text: string): boolean {
  return text.includes('/') || /^COM\d/i.test(text);
}

function devicePath(port: string): string {
  const address = parsePortAddress(port);
  if (address.kind === 'serial') return address.path;
  throw new SedgeError('cli.usage', {
    reason: `${port} cannot be flashed: its bootloader needs a serial port`,
  });
}

/** Has a running agent let go of the port; returns how it gets it back. */
async function release(agent: AgentClient, port: string): Promise<() => Promise<void>> {
  try {
    await agent.releasePort(port);
    return () => agent.reclaimPort(port);
  } catch (error) {
    // No agent, or one that does not have the port: nobody is in the way.
    if (isSedgeError(error, 'agent.not-running') || isSedgeError(error, 'serial.unknown-port'))
      return async () => {};
    throw error;
  }
}

/** Intel HEX begins each line with a colon; a wrong file would be told of only after the board was reset. */
async function checkHexFile(path: string): Promise<void> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
      if (bytesRead === 1 && buffer[0] === 0x3a) return;
    } finally {
      await file.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SedgeError('cli.input', { file: path, reason }, { cause: error });
  }
  throw new SedgeError('cli.input', { file: path, reason: 'it is no Intel HEX file' });
}

/** Runs the tool, its words on stderr as they come. Rejects with `device.no-tool` and `device.flash-failed`. */
function runTool(context: CommandContext, line: readonly string[], interruption: AbortSignal): Promise<void> {
  const [tool = '', ...args] = line;
  return new Promise((done, reject) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'pipe'], env: context.io.env });
    const end = (): void => void child.kill();
    interruption.addEventListener('abort', end, { once: true });
    let words = '';
    const hear = (chunk: Buffer): void => {
      words = (words + chunk.toString('utf8')).slice(-TOOL_WORDS_MAX);
      if (!context.json) context.io.stderr.write(chunk);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') reject(new SedgeError('device.no-tool', { tool }, { cause }));
      else reject(new SedgeError('device.flash-failed', { tool, reason: cause.message }, { cause }));
    });
    child.once('close', (code, signal) => {
      interruption.removeEventListener('abort', end);
      if (code === 0) return done();
      const reason = lastWords(words) || `it ended with ${signal ?? `exit code ${code}`}`;
      reject(new SedgeError('device.flash-failed', { tool, reason }));
    });
  });
}

function lastWords(words: string): string {
  const lines = words.split(/[\r\n]+/).map((line) => line.replaceAll(/\p{Cc}/gu, '').trim());
  return lines.filter((line) => /error|failed|not in sync|can't|denied|no such/i.test(line)).at(-1) ?? '';
}

interface Report {
  readonly port: string;
  readonly line: readonly string[];
  readonly flashed: boolean;
}

async function report(context: CommandContext, { port, line, flashed }: Report): Promise<void> {
  if (context.json) return context.record({ port, command: line, flashed });
  if (!flashed) return context.write(`${line.map(shellWord).join(' ')}\n`);
  await context.write(`wrote firmware into the board at ${port}\n`);
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
