import { measureInChild } from './measure-in-child.ts';
import type { ScaleRow, ScaleSetting } from './scale-row.ts';

/** Sizes of meshes that are measured. */
export interface ScalePlan {
  /** On both overlays. */
  readonly both: readonly number[];
  /** On the model alone. */
  readonly model: readonly number[];
  readonly seed: number;
  readonly publishers: number;
  readonly messages: number;
  readonly missed: number;
}

/** What `sedge simulate scale` measures. */
export const SCALE_PLAN: ScalePlan = Object.freeze({
  both: [10, 30, 100, 300],
  model: [3_000],
  seed: 1,
  publishers: 10,
  messages: 60,
  missed: 50,
});

/** How a {@link runScale} is followed. */
export interface RunScaleOptions {
  readonly onProgress?: (setting: ScaleSetting, phase: string) => void;
  readonly onRow?: (row: ScaleRow) => void;
  readonly signal?: AbortSignal;
}

/** Measures all meshes of a plan, each in a process of its own, one of each overlay at a time. */
export async function runScale(
  plan: ScalePlan = SCALE_PLAN,
  options: RunScaleOptions = {},
): Promise<ScaleRow[]> {
  const settings = settingsOf(plan);
  const lanes = (['libp2p', 'model'] as const).map((overlay) =>
    measureAll(
      settings.filter((setting) => setting.overlay === overlay),
      options,
    ),
  );
  const rows = (await Promise.all(lanes)).flat();
  return rows.sort((a, b) => a.nodes - b.nodes || a.overlay.localeCompare(b.overlay));
}

function settingsOf(plan: ScalePlan): ScaleSetting[] {
  const { seed, messages, missed } = plan;
  const setting = (overlay: ScaleSetting['overlay'], nodes: number): ScaleSetting => {
    return { overlay, nodes, seed, messages, missed, publishers: Math.min(plan.publishers, nodes - 1) };
  };
  return [
    ...plan.both.flatMap((nodes) => [setting('model', nodes), setting('libp2p', nodes)]),
    ...plan.model.map((nodes) => setting('model', nodes)),
  ];
}

async function measureAll(settings: readonly ScaleSetting[], options: RunScaleOptions): Promise<ScaleRow[]> {
  const { onProgress, onRow, signal } = options;
  const rows: ScaleRow[] = [];
  for (const setting of settings) {
    const onPhase = (phase: string) => onProgress?.(setting, phase);
    const row = await measureInChild(setting, { onPhase, ...(signal === undefined ? {} : { signal }) });
    rows.push(row);
    onRow?.(row);
  }
  return rows;
}
