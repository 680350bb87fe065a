import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Node } from 'typescript/unstable/ast';
import { API, type Checker, type Project, type Symbol as TsSymbol } from 'typescript/unstable/sync';

/** Root of the clone. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One name that an entry point exports. */
export interface Exported {
  readonly name: string;
  /** Source file from the root of the clone. */
  readonly file: string;
  readonly symbol: TsSymbol;
  /** Where it is declared; a function may have overloads, and a value and a type may share a name. */
  readonly declarations: readonly Node[];
}

/**
 * The project as the compiler that checks it sees it. TypeScript 7 has no compiler in JavaScript: its own process answers,
 * through an interface that is marked unstable. The version is pinned, and this folder alone imports it.
 */
export class SourceProject {
  readonly checker: Checker;
  readonly #project: Project;
  readonly #api: API;

  constructor() {
    this.#api = new API({ cwd: ROOT });
    const snapshot = this.#api.updateSnapshot({ openProjects: [`${ROOT}tsconfig.json`] });
    this.#project = snapshot.getProjects()[0]!;
    this.checker = this.#project.checker;
  }

  /** What a file exports, by name. */
  exportsOf(file: string): Exported[] {
    const source = this.#project.program.getSourceFile(`${ROOT}${file}`);
    if (source === undefined) throw new Error(`${file} is not part of the project`);
    const names = this.checker.getExportsOfModule(this.checker.getSymbolAtLocation(source)!);
    return names.map((name) => this.#exported(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  close(): void {
    this.#api.close();
  }

  #exported(named: TsSymbol): Exported {
    const symbol = this.checker.getAliasedSymbol(named);
    const declarations = symbol.declarations.map((handle) => handle.resolve(this.#project)!);
    const file = relative(ROOT, declarations[0]!.getSourceFile().fileName);
    return { name: named.name, file, symbol, declarations };
  }
}
