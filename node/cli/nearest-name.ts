/** The known word with the fewest letters to change (Levenshtein distance). */
export function nearestName(word: string, known: readonly string[]): string {
  const ranked = known.map((name) => ({ name, distance: distanceOf(word, name) }));
  ranked.sort((x, y) => x.distance - y.distance);
  return ranked[0]?.name ?? '';
}

function distanceOf(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
