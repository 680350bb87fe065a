/** A line to type that runs sedge with these words from a clone, quoted for a shell where that is needed. */
export function replayCommand(words: readonly (string | number)[]): string {
  return ['npx sedge simulate', ...words.map((word) => quoted(String(word)))].join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
