import { SERVICE_DIRECTORY } from '../service/unit-text.ts';

/**
 * A sentence whose proposed commands (`"sedge start"`) carry the `--dir` that was typed: without it they would be about
 * another node.
 */
function withDirectory(sentence: string, directory: string): string {
  const word = /^[\w@%+=:,./-]+$/.test(directory) ? directory : `'${directory.replaceAll("'", "'\\''")}'`;
  return sentence.replaceAll(/"sedge (?=[a-z])/g, `"sedge --dir ${word} `);
}

/** Which node a command was about. */
export interface ProposalOptions {
  /** Value of `--dir` as it was typed. */
  readonly typed: string | undefined;
  /** The directory that was chosen. */
  readonly directory: string;
}

/** A sentence whose proposed commands are about the same node as the command that says it. */
export function proposal(sentence: string, { typed, directory }: ProposalOptions): string {
  if (typed !== undefined) return withDirectory(sentence, typed);
  return directory === SERVICE_DIRECTORY ? withService(sentence) : sentence;
}

/** Settings by the names of the options that stand for them where these differ in more than the writing. */
const SETTING_NAMES: Readonly<Record<string, string>> = Object.freeze({ peer: 'peers' });

/**
 * A sentence whose proposed commands are for the node of the machine's service: its user runs them, systemd starts and
 * stops it, and options of `start` are lines of its settings.
 */
function withService(sentence: string): string {
  return sentence
    .replaceAll(/"sedge (start|stop)"/g, '"sudo systemctl $1 sedge"')
    .replaceAll(/"sedge start --([a-z-]+)(?: ([^"]+))?"/g, (_, option: string, value?: string) => {
      const name =
        SETTING_NAMES[option] ??
        option.replaceAll(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
      return `"${name}:${value === undefined ? '' : ` ${value}`}" in /etc/sedge/sedge.yaml`;
    })
    .replaceAll(/"sedge (?=[a-z])/g, '"sudo sedge ');
}
