import type { Variant } from './bench-node.ts';
import type { Stage } from './stage.ts';
import type { MqttVariant, WorkloadResult } from './workload.ts';

/** What a workload is given. */
export interface BenchRun {
  readonly stage: Stage;
  /** Runs of each variant, from 1; medians mean something from 3. */
  readonly runs: number;
  /** A tenth of the work: to see that all works, not to compare. */
  readonly isQuick: boolean;
  /** `null` for those that each workload has by default. */
  readonly variants: ReadonlySet<Variant | MqttVariant> | null;
  /** Tells what is being done. */
  progress(doing: string): void;
}

/** Measures one workload in all of its variants. */
export type Workload = (run: BenchRun) => Promise<readonly WorkloadResult[]>;

/** The variants to measure: those asked for that the workload has, or its defaults. */
export function variantsOf(
  run: BenchRun,
  { all, defaults = all }: { readonly all: readonly Variant[]; readonly defaults?: readonly Variant[] },
): readonly Variant[] {
  const { variants } = run;
  return variants === null ? defaults : all.filter((variant) => variants.has(variant));
}
