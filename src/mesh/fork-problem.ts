import type { ForkStatus, Problem } from './mesh-status.ts';

/** A fork as something for a person to look at: who, where, since when, and what to do. */
export function forkProblem(fork: ForkStatus): Problem {
  const { channel, epoch, end, own } = fork;
  const author = own
    ? 'This node'
    : `Node ${fork.name === '' ? fork.author : `${fork.name} (${fork.author})`}`;
  const where = `channel ${channel}, epoch ${epoch}, from number ${end} on`;
  const reporter = fork.reporterName === '' ? fork.reporter : fork.reporterName;
  return {
    code: 'entry.forked',
    severity: 'alarm',
    sentence: `${author} signed two things that exclude each other (${where}; reported by ${reporter}).`,
    next: own
      ? 'Was this node restored from a backup, or does a copy of its disk run elsewhere? A restored one has begun anew by itself; stop a copy and let it join under a key of its own.'
      : `Its disk was copied, a backup was restored, or its key is stolen. It goes on by itself in a new epoch; if a copy still runs or nobody knows why, run "sedge revoke ${fork.name || fork.author}" and let it join again.`,
  };
}
