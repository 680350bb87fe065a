import type { Scenario } from './scenario.ts';
import { twoWayPartition } from './two-way-partition.ts';

/** Every scenario, in the order in which `--all` plays them. */
export const SCENARIOS: readonly Scenario[] = Object.freeze([twoWayPartition]);
