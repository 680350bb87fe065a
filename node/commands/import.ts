import type { ImportSummary } from '../../src/index.ts';
import { BundleSource } from '../bundle/bundle-file.ts';
import { withCourierMesh } from '../bundle/courier-mesh.ts';
import type { CommandContext } from '../cli/command-context.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { EXIT, type ExitCode } from '../cli/exit-codes.ts';
import { formatAgo, formatCount, plural } from '../cli/human-figures.ts';
import { ProgressLine } from '../cli/progress-line.ts';

/** `sedge import`: takes in a bundle, checks all of it, and hands on what is new. */
export const define: DefineCommand = (command, run) => {
  command.argument('<file>', 'bundle to read, or - for stdin').action(run(importBundle));
  addExamples(command, [
    ['sedge import /media/stick/farm.sedge', 'from a stick; safe to repeat'],
    ['ssh farm sedge export - | sedge import -', 'through a pipe'],
    ['sedge import farm.sedge --json', 'what became of it, as an object'],
  ]);
};

async function importBundle(context: CommandContext, file: string): Promise<ExitCode> {
  const source = file === '-' ? null : await BundleSource.open(file);
  const progress = new ProgressLine(context.io.stderr, source === null ? 'entries' : 'bytes');
  const chunks = source ?? (context.io.stdin as AsyncIterable<Uint8Array>);
  const summary = await withCourierMesh(context, (mesh) =>
    mesh.importBundle(chunks, ({ entries }) => {
      if (source === null) progress.update(entries);
      else progress.update(source.read, source.bytes);
    }),
  ).finally(() => progress.clear());
  const failure = source?.failure ?? null;
  if (context.json) await context.record({ imported: { file, ...summary, readError: failure } });
  else await context.write(textOf(summary, context.io.nowMs()));
  if (summary.state === 'whole') return EXIT.done;
  if (failure !== null) context.note(`  Reading stopped: ${failure}.`);
  context.note(
    '  What was whole in it is imported. Import it again once it is whole: that goes on from here.',
  );
  return EXIT.incomplete;
}

function textOf(summary: ImportSummary, nowMs: number): string {
  const { from, state, known, storedMessages } = summary;
  const whence =
    from === null ? '' : ` from ${from.name || from.node}, exported ${formatAgo(from.exportedAtMs, nowMs)}`;
  const lines = [
    `imported ${plural(storedMessages, 'message')}${whence}; ${plural(known, 'entry', 'entries')} held before`,
    ...troublesOf(summary),
  ];
  if (state === 'truncated') lines.push('the bundle is truncated: its end is missing');
  if (state === 'altered') lines.push('the bundle is not what its exporter wrote: it was damaged or changed');
  return `${lines.join('\n')}\n`;
}

function troublesOf({ refusals, parked, notCarried, damaged, stillMissing }: ImportSummary): string[] {
  const lines = Object.entries(refusals).map(([code, count]) => `${formatCount(count)} refused: ${code}`);
  if (damaged > 0) lines.push(`${plural(damaged, 'damaged record')} passed over`);
  if (parked > 0)
    lines.push(`${plural(parked, 'entry', 'entries')} of unknown authors wait for their grants`);
  if (notCarried > 0) lines.push(`${formatCount(notCarried)} of channels that this node does not carry`);
  if (stillMissing > 0) lines.push(`${plural(stillMissing, 'message')} of the exporter's still missing here`);
  return lines;
}
