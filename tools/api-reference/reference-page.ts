import type { Node } from 'typescript/unstable/ast';
import {
  isClassDeclaration,
  isInterfaceDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import type { Checker } from 'typescript/unstable/sync';
import { publicMembersOf, signatureOf } from './declaration-text.ts';
import { type DocComment, docCommentOf } from './doc-comment.ts';
import type { Exported } from './export-list.ts';

/** A page of the reference: one entry point of the package. */
export interface PageOptions {
  /** As it is imported: `sedge/client`. */
  readonly entry: string;
  /** What it is for, a paragraph of Markdown. */
  readonly intro: string;
  readonly exports: readonly Exported[];
  readonly checker: Checker;
  /** Codes that get a link to the page of errors. */
  readonly errorCodes: ReadonlySet<string>;
}

/** Writes a page as Markdown: an index, then each export with signature, docstring and members. */
export function referencePage(options: PageOptions): string {
  return new ReferencePage(options).text();
}

class ReferencePage {
  readonly #options: PageOptions;
  /** Where each export's heading is, by GitHub's rule. */
  readonly #anchors: ReadonlyMap<string, string>;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#anchors = anchorsOf(options.exports.map(({ name }) => name));
  }

  text(): string {
    const { entry, intro, exports } = this.#options;
    const note = '<!-- Written by `npm run docs:api` from the docstrings; changes by hand are lost. -->';
    const index = [...this.#folders()].map(
      ([folder, names]) => `| \`${folder}\` | ${names.map((name) => this.#link(name)).join(', ')} |`,
    );
    const head = [`# \`${entry}\``, note, intro, ['| from | exports |', '|---|---|', ...index].join('\n')];
    return `${[...head, ...exports.flatMap((one) => this.#export(one))].join('\n\n')}\n`;
  }

  #folders(): Map<string, string[]> {
    const folders = new Map<string, string[]>();
    for (const { name, file } of this.#options.exports) {
      const folder = file.split('/').slice(0, -1).join('/');
      folders.set(folder, [...(folders.get(folder) ?? []), name]);
    }
    return new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #export({ name, declarations }: Exported): string[] {
    const [first] = declarations;
    const signatures = declarations.map((node) => this.#signature(node));
    const listed = isClassDeclaration(first!) || isInterfaceDeclaration(first!);
    const code = isInterfaceDeclaration(first!) ? [] : [fenced(signatures.join('\n'))];
    const doc = docCommentOf(commented(first!));
    const members = listed ? this.#members(name, first!) : [];
    return [`## \`${name}\``, ...code, ...this.#doc(doc), ...members, ...this.#seeAlso(name, declarations)];
  }

  #members(owner: string, node: Node): string[] {
    const members = publicMembersOf(node);
    const isCall = (member: Node) => /^[^:=]*\(/.test(this.#signature(member));
    const fields = members.filter((member) => !isCall(member)).map((member) => this.#row(member));
    const table = fields.length === 0 ? [] : [['| property | |', '|---|---|', ...fields].join('\n')];
    const calls = members.filter(isCall).flatMap((member) => {
      const doc = this.#doc(docCommentOf(member));
      const name = (member as Node & { name?: Node }).name?.getText();
      const heading = name === undefined ? [] : [`### \`${owner}.${name}()\``];
      return [...heading, fenced(this.#signature(member)), ...doc];
    });
    return [...table, ...calls];
  }

  #row(member: Node): string {
    const signature = this.#signature(member)
      .replace(/^readonly /, '')
      .replaceAll(/\s*\n\s*/g, ' ')
      .replaceAll('|', '\\|');
    const text = this.#doc(docCommentOf(member))
      .join(' ')
      .replaceAll(/\s*\n\s*/g, ' ');
    return `| \`${signature}\` | ${text.replaceAll(/(?<!\\)\|/g, '\\|')} |`;
  }

  #doc({ text, defaultValue, throws, params, returns }: DocComment): string[] {
    const listed = Object.entries(params).map(([name, what]) => `- \`${name}\`: ${what}`);
    const parts = [
      text,
      listed.join('\n'),
      returns === null ? '' : `Returns ${returns}`,
      defaultValue === null ? '' : `Default: ${defaultValue}`,
      throws.length === 0 ? '' : `Errors: ${throws.join('; ')}`,
    ];
    return parts.filter((part) => part !== '').map((part) => this.#linked(part));
  }

  /** Exports that a signature speaks of. */
  #seeAlso(name: string, declarations: readonly Node[]): string[] {
    const words = declarations.flatMap((node) => {
      const parts = isClassDeclaration(node) ? publicMembersOf(node).map((m) => this.#signature(m)) : [];
      return (
        [this.#signature(node), ...parts]
          .join('\n')
          .replaceAll(/\/\*.*?\*\//gs, '')
          .match(/\b\w+\b/g) ?? []
      );
    });
    const seen = [...new Set(words)].filter((word) => word !== name && this.#anchors.has(word)).sort();
    return seen.length === 0 ? [] : [`See ${seen.map((word) => this.#link(word)).join(', ')}.`];
  }

  #signature(node: Node): string {
    return signatureOf(node, this.#options.checker);
  }

  #linked(text: string): string {
    return text
      .replaceAll(/\{@link ([^}\s]+)\s*\}/g, (_, target: string) => {
        const owner = this.#anchors.get(target.split('.')[0]!);
        return owner === undefined ? `\`${target}\`` : `[\`${target}\`](#${owner})`;
      })
      .replaceAll(/(?<!\[)`([a-z0-9.-]+)`/g, (found, code: string) =>
        this.#options.errorCodes.has(code) ? `[${found}](../errors.md)` : found,
      );
  }

  #link(name: string): string {
    const anchor = this.#anchors.get(name);
    return anchor === undefined ? `\`${name}\`` : `[\`${name}\`](#${anchor})`;
  }
}

/** Headings that differ in case alone (`ScaleOutlook`, `scaleOutlook`) are told apart by a number. */
function anchorsOf(names: readonly string[]): Map<string, string> {
  const counts = new Map<string, number>();
  return new Map(
    names.map((name) => {
      const plain = name.toLowerCase();
      const before = counts.get(plain) ?? 0;
      counts.set(plain, before + 1);
      return [name, before === 0 ? plain : `${plain}-${before}`];
    }),
  );
}

function fenced(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``;
}

/** The docstring of a constant stands before the statement that declares it. */
export function commented(node: Node): Node {
  return isVariableDeclaration(node) ? node.parent.parent : node;
}
