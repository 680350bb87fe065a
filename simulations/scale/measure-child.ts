import type { ChildMessage } from './measure-in-child.ts';
import { measureMesh } from './measure-mesh.ts';
import type { ScaleSetting } from './scale-row.ts';

/** A process for one mesh, so that its memory is its own: the setting as argument, what is measured by IPC. */
const setting = JSON.parse(process.argv[2] ?? '') as ScaleSetting;
const tell = (message: ChildMessage) => process.send?.(message);
const collect = (globalThis as { readonly gc?: () => void }).gc;

// What is loaded, compiled and cached at the first use is not the mesh's.
await measureMesh({ ...setting, nodes: 3, publishers: 2, messages: 3, missed: 3 });
const row = await measureMesh(setting, {
  onPhase: (phase) => tell({ kind: 'phase', phase }),
  ...(collect === undefined ? {} : { collectGarbage: collect }),
});
tell({ kind: 'row', row });
process.disconnect?.();
