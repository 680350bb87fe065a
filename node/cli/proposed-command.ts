/**
 * A sentence whose proposed commands (`"sedge start"`) carry the `--dir` that was typed: without it they would be about
 * another node.
 */
export function withDirectory(sentence: string, directory: string | undefined): string {
  if (directory === undefined) return sentence;
  const word = /^[\w@%+=:,./-]+$/.test(directory) ? directory : `'${directory.replaceAll("'", "'\\''")}'`;
  return sentence.replaceAll(/"sedge (?=[a-z])/g, `"sedge --dir ${word} `);
}
