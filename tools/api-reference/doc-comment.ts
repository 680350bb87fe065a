import type { Node } from 'typescript/unstable/ast';

/** A docstring taken apart. Texts are Markdown with `{@link}` still in. */
export interface DocComment {
  readonly text: string;
  /** Of `@defaultValue`. */
  readonly defaultValue: string | null;
  /** Of `@throws`, each. */
  readonly throws: readonly string[];
  /** Of `@param`, by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Of `@returns`. */
  readonly returns: string | null;
}

/** Reads the docstring right before a declaration; empty where there is none. */
export function docCommentOf(node: Node): DocComment {
  // The node of a comment has what stands before it too: lines with `//` that divide a class.
  const [raw = ''] = /\/\*\*.*\*\//s.exec(node.jsDoc?.at(-1)?.getText() ?? '') ?? [];
  const text = raw
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .replaceAll(/^[ \t]*\* ?/gm, '')
    .trim();
  const [head = '', ...tags] = ` ${text}`.split(/\s(?=@(?:defaultValue|throws|param|returns)\b)/);
  return { text: head.trim(), ...tagsOf(tags) };
}

function tagsOf(tags: readonly string[]): Omit<DocComment, 'text'> {
  const of = (name: string) =>
    tags.filter((tag) => tag.startsWith(`@${name}`)).map((tag) => tag.slice(name.length + 1).trim());
  const params = of('param').map((tag) => /^(\S+)\s+(?:- )?(.*)$/s.exec(tag)!.slice(1, 3));
  return {
    defaultValue: of('defaultValue')[0] ?? null,
    throws: of('throws'),
    params: Object.fromEntries(params) as Record<string, string>,
    returns: of('returns')[0] ?? null,
  };
}
