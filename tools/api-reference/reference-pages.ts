import { ERROR_TABLE } from '../../src/errors/index.ts';
import { docCommentOf } from './doc-comment.ts';
import { type Exported, SourceProject } from './export-list.ts';
import { commented, referencePage } from './reference-page.ts';

/** A page and where it goes, from the root of the clone. */
export interface WrittenPage {
  readonly file: string;
  readonly text: string;
  /** Exports without a docstring. */
  readonly undocumented: readonly string[];
}

const ENTRIES = [
  {
    entry: 'sedge',
    source: 'src/index.ts',
    file: 'docs/api/sedge.md',
    intro:
      'A node inside your own process. Start with [`openMesh`](#openmesh), [`Mesh`](#mesh) and their options; a sample stands in the [README](../../README.md#use-it-from-a-program).',
  },
  {
    entry: 'sedge/client',
    source: 'node/control/client/index.ts',
    file: 'docs/api/client.md',
    intro:
      'A client of a running agent, over the socket in its directory, without libp2p in the process. Start with [`connectAgent`](#connectagent).',
  },
  {
    entry: 'sedge/simulations',
    source: 'simulations/index.ts',
    file: 'docs/api/simulations.md',
    intro:
      'Real nodes in one process on virtual time, for tests of your own. Start with [`SimulatedMesh`](#simulatedmesh); the guide is [simulations/README.md](../../simulations/README.md).',
  },
];

/** Reads the sources and writes the reference of every entry point of the package. */
export function referencePages(): WrittenPage[] {
  const project = new SourceProject();
  try {
    const errorCodes = new Set(Object.keys(ERROR_TABLE));
    return ENTRIES.map(({ entry, source, file, intro }) => {
      const exports = project.exportsOf(source);
      const text = referencePage({ entry, intro, exports, checker: project.checker, errorCodes });
      return { file, text, undocumented: undocumented(exports) };
    });
  } finally {
    project.close();
  }
}

function undocumented(exports: readonly Exported[]): string[] {
  return exports
    .filter(({ declarations }) => declarations.every((node) => docCommentOf(commented(node)).text === ''))
    .map(({ name, file }) => `${name} of ${file}`);
}
