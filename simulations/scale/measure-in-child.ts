import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SedgeError } from '../../src/index.ts';
import type { ScaleRow, ScaleSetting } from './scale-row.ts';

/** What the measuring process says. */
export type ChildMessage =
  | { readonly kind: 'phase'; readonly phase: string }
  | { readonly kind: 'row'; readonly row: ScaleRow };

const CHILD = fileURLToPath(new URL('./measure-child.ts', import.meta.url));
/** Of what it says when it fails, the end is kept. */
const STDERR_CHARS_MAX = 2_000;

/** Measures in a process of its own. Throws `simulation.failed` with what that process said. */
export function measureInChild(
  setting: ScaleSetting,
  options: { readonly onPhase: (phase: string) => void; readonly signal?: AbortSignal },
): Promise<ScaleRow> {
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<ScaleRow>();
  const child = fork(CHILD, [JSON.stringify(setting)], {
    execArgv: ['--expose-gc', '--max-old-space-size=8192'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-STDERR_CHARS_MAX);
  });
  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'phase') options.onPhase(message.phase);
    else resolve(message.row);
  });
  child.on('error', reject);
  child.on('exit', (code) => {
    const { overlay, nodes } = setting;
    reject(new SedgeError('simulation.failed', { overlay, nodes, exitCode: code ?? 'killed', said }));
  });
  return promise;
}
