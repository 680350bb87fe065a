import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import type { ExportSince, ExportSummary } from '../../src/index.ts';
import { whatLiesAt, writeFileWhole } from '../bundle/bundle-file.ts';
import { type OutgoingBundle, withCourierMesh } from '../bundle/courier-mesh.ts';
import { lastExport, noteExport } from '../bundle/last-export.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { formatBytes, plural } from '../cli/human-figures.ts';
import { repeatable } from '../cli/option-parsers.ts';
import { ProgressLine } from '../cli/progress-line.ts';
import { parseSubscribeStart } from '../cli/subscribe-start.ts';

interface ExportCommandOptions {
  readonly since?: string;
  readonly channel?: readonly string[];
  readonly force?: boolean;
}

/** `sedge export`: a bundle for another node, on a stick or through a pipe. */
export const define: DefineCommand = (command, run) => {
  command
    .argument('<file>', 'file to write, or - for stdout')
    .option(
      '--since <when>',
      'all, last (what this stick has not had), a time, 2h, 7d or an offset',
      sinceText,
    )
    .option('--channel <name>', 'only this channel; may be repeated', repeatable)
    .option('--force', 'overwrite a file that is no bundle')
    .action(run(exportBundle));
  addExamples(command, [
    ['sedge export /media/stick/farm.sedge', 'all that this node holds'],
    ['sedge export --since last /media/stick/farm.sedge', 'what came since the last trip of this stick'],
    ['sedge export --since 7d --channel alarm alarms.sedge', 'the alarms of a week'],
    ['sedge export - | ssh barn sedge import -', 'through a pipe'],
  ]);
};

async function exportBundle(
  context: CommandContext,
  file: string,
  options: ExportCommandOptions,
): Promise<void> {
  const path = file === '-' ? null : resolve(file);
  if (path === null && options.since === 'last') {
    throw new SedgeError('cli.usage', { reason: '--since last needs a file: it goes by what lies there' });
  }
  if (path !== null) await requireReplaceable(path, file, options.force === true);
  await withCourierMesh(context, async (mesh) => {
    const { node, channels } = await mesh.status();
    const since = await sinceOf(options, path, { node, nowMs: context.io.nowMs() });
    const bundle = mesh.exportBundle({
      ...(options.channel === undefined ? {} : { channels: options.channel }),
      ...(since === undefined ? {} : { since }),
    });
    const expected = since === undefined ? channels.reduce((sum, { bytes }) => sum + bytes, 0) : undefined;
    const chunks = counted(context, bundle, expected);
    if (path === null) for await (const chunk of chunks) await context.write(chunk);
    else await writeFileWhole(path, chunks);
    const { summary } = bundle;
    if (summary === null) throw new Error('bug: a bundle at its end has a summary');
    if (path !== null) await noteExport(path, node, offsetsOf(summary, since));
    await report(context, file, summary);
  });
}

/** Even `--force` replaces files alone: a device or a directory in their place would be gone. */
async function requireReplaceable(path: string, file: string, force: boolean): Promise<void> {
  const lying = await whatLiesAt(path);
  if (lying === 'no-file') {
    const reason = 'it is a directory or a device; name a file, or - for stdout';
    throw new SedgeError('cli.output', { file, reason });
  }
  if (lying === 'other' && !force) {
    const reason = 'it exists and is no bundle; --force overwrites it';
    throw new SedgeError('cli.output', { file, reason });
  }
}

/** What is exported goes by, with a line on the terminal. */
async function* counted(
  context: CommandContext,
  bundle: OutgoingBundle,
  expectedBytes: number | undefined,
): AsyncGenerator<Uint8Array> {
  const progress = new ProgressLine(context.io.stderr, 'bytes');
  let bytes = 0;
  try {
    for await (const chunk of bundle) {
      yield chunk;
      bytes += chunk.length;
      // An estimate: what the journal takes on the disk.
      progress.update(bytes, expectedBytes === undefined ? undefined : Math.max(bytes, expectedBytes));
    }
  } finally {
    progress.clear();
  }
}

async function sinceOf(
  { since = 'all', channel = [] }: ExportCommandOptions,
  path: string | null,
  here: { readonly node: string; readonly nowMs: number },
): Promise<ExportSince | undefined> {
  if (since === 'last') {
    const offsets = await lastExport(path!, here.node);
    return offsets === null ? undefined : { offsets, orAll: true };
  }
  const start = parseSubscribeStart(since, here.nowMs);
  if (start === null || typeof start === 'string') return undefined;
  if ('timeMs' in start) return start;
  const [only, ...others] = channel;
  if (only === undefined || others.length > 0) {
    throw new SedgeError('cli.usage', { reason: 'an offset is of one channel: name it with --channel' });
  }
  return { offsets: { [only]: start.offset.split('.')[0]! } };
}

/** A channel that was left out this time is still where it was. */
function offsetsOf(summary: ExportSummary, since: ExportSince | undefined): Record<string, string> {
  const before = typeof since === 'object' && 'offsets' in since ? since.offsets : {};
  const now = summary.channels.flatMap(({ channel, through }) =>
    through === null ? [] : [[channel, through] as const],
  );
  return { ...before, ...Object.fromEntries(now) };
}

async function report(context: CommandContext, file: string, summary: ExportSummary): Promise<void> {
  if (context.json && file !== '-') return context.record({ exported: { file, ...summary } });
  const { messages, bytes, expired } = summary;
  const left = expired === 0 ? '' : `; ${plural(expired, 'entry', 'entries')} past their lifetime left out`;
  context.note(`exported ${plural(messages, 'message')}, ${formatBytes(bytes)}${left}`);
  if (file !== '-') context.note('  A bundle is signed, not encrypted: whoever has the stick can read it.');
}

function sinceText(text: string): string {
  if (text !== 'last' && (text === 'new' || parseSubscribeStart(text, 0) === null)) {
    throw new InvalidArgumentError('It must be all, last, a time (2026-11-21T10:00, 2h, 7d) or an offset.');
  }
  return text;
}
