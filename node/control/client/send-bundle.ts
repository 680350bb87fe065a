import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { SedgeError } from '../../../src/errors/index.ts';
import type { ImportCounts, ImportSummary } from '../../../src/index.ts';
import { errorFromJson } from '../error-json.ts';
import { LineSplitter } from '../line-splitter.ts';
import type { ControlConnection } from './control-connection.ts';

/** A line of the agent's answer. */
type AnswerLine =
  | { readonly progress: ImportCounts }
  | { readonly summary: ImportSummary }
  | { readonly error: unknown };

/** Sends a bundle to the agent as it comes and resolves with what became of it. Throws the agent's error. */
export async function sendBundle(
  connection: ControlConnection,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  onProgress: (progress: ImportCounts) => void = () => {},
): Promise<ImportSummary> {
  const { outgoing, response } = connection.stream('/v1/import', 'application/octet-stream');
  const answer = response.then((incoming) => readAnswer(connection, incoming, onProgress));
  // The source may fail first, and the answer then has nobody who waits for it.
  answer.catch(() => {});
  try {
    await send(outgoing, source, answer);
    return await answer;
  } finally {
    outgoing.destroy();
  }
}

/** Ends early where the answer is there already: the agent refused the bundle. */
async function send(
  outgoing: ClientRequest,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  answer: Promise<unknown>,
): Promise<void> {
  let answered = false;
  const settled = answer.then(
    () => {
      answered = true;
    },
    () => {
      answered = true;
    },
  );
  for await (const chunk of source) {
    if (answered || outgoing.destroyed) return;
    if (!outgoing.write(chunk)) await Promise.race([once(outgoing, 'drain'), settled]);
  }
  if (!answered) outgoing.end();
}

async function readAnswer(
  connection: ControlConnection,
  incoming: IncomingMessage,
  onProgress: (progress: ImportCounts) => void,
): Promise<ImportSummary> {
  const splitter = new LineSplitter();
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      const lines = splitter.push(chunk)?.toString('utf8') ?? '';
      for (const line of lines.split('\n')) {
        if (line === '') continue;
        const answer = JSON.parse(line) as AnswerLine;
        if ('summary' in answer) return answer.summary;
        if ('error' in answer) throw errorFromJson(answer.error);
        onProgress(answer.progress);
      }
    }
  } catch (error) {
    throw error instanceof SedgeError ? error : connection.lost(error);
  }
  throw connection.lost(new Error('the stream ended'));
}
