/** Anchors of the headings of a Markdown page, by GitHub's rule. */
export function anchorsOf(page: string): Set<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of withoutCode(page).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = slugOf(heading!);
    const before = counts.get(plain) ?? 0;
    counts.set(plain, before + 1);
    anchors.add(before === 0 ? plain : `${plain}-${before}`);
  }
  for (const [, id] of page.matchAll(/<a (?:id|name)="([^"]+)">/g)) anchors.add(id!);
  return anchors;
}

/** A page without its code blocks, where `#` begins a comment and brackets are no links. */
export function withoutCode(page: string): string {
  return page.replaceAll(/^(```+).*?^\1/gms, '');
}

/** Anchor of a heading, by GitHub's rule, before it is told apart from others like it. */
export function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
}
