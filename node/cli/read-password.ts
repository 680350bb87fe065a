import type { Readable } from 'node:stream';
import { SedgeError } from '../../src/errors/index.ts';
import type { CommandContext } from './command-context.ts';

/** Longest password, characters. */
const PASSWORD_MAX = 1_024;
const ENTER = /[\r\n]/;
const CTRL_C = '\u0003';
const CTRL_D = '\u0004';
const BACKSPACES: readonly string[] = ['\b', '\u007f'];

/** Reads a password: the first line of stdin, not shown where a person types it. Throws `cli.input`. */
export async function readPassword(context: CommandContext): Promise<string> {
  const { stdin } = context.io;
  const password = stdin.isTTY === true ? await typed(context) : await firstLine(stdin);
  if (password === '') throw new SedgeError('cli.input', { reason: 'no password came on stdin' });
  if (password.length > PASSWORD_MAX)
    throw new SedgeError('cli.input', { reason: `a password has at most ${PASSWORD_MAX} characters` });
  return password;
}

async function firstLine(stdin: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (ENTER.test(text) || text.length > PASSWORD_MAX) break;
  }
  return text.split(ENTER)[0] ?? '';
}

/** What a person types up to Enter, without an echo. */
async function typed({ io }: CommandContext): Promise<string> {
  const terminal = io.stdin as Readable & { setRawMode?: (raw: boolean) => void };
  io.stderr.write('Password: ');
  terminal.setRawMode?.(true);
  try {
    let password = '';
    for await (const chunk of terminal) {
      for (const key of String(chunk)) {
        if (key === CTRL_C) throw new SedgeError('cli.input', { reason: 'no password was given' });
        if (ENTER.test(key) || key === CTRL_D) return password;
        password = BACKSPACES.includes(key) ? password.slice(0, -1) : password + key;
      }
    }
    return password;
  } finally {
    terminal.setRawMode?.(false);
    io.stderr.write('\n');
  }
}
