import { parseArgs } from 'node:util';
import type { Variant } from './bench-node.ts';
import {
  DEFAULT_WORKLOADS,
  MQTT_VARIANTS,
  type MqttVariant,
  WORKLOADS,
  type WorkloadName,
} from './workload.ts';

/** How the benchmark is called. */
export const BENCH_USAGE = `Usage: npm run bench -- [WORKLOAD…] [--json] [--runs N] [--quick] [--variants NAME,…]

Workloads: ${WORKLOADS.join(', ')} (default: ${DEFAULT_WORKLOADS.join(', ')}).
README.md in bench/ says what each measures.

  --json       one JSON object a line on stdout instead of a table
  --runs N     runs of each variant, 1 to 20; figures are their medians (default: 3, with --quick 1)
  --quick      a tenth of the work: shows that all works, compares nothing
  --variants   library, agent, gossipsub (default: those of each workload);
               of mqtt: ${MQTT_VARIANTS.slice(0, 4).join(', ')},
               ${MQTT_VARIANTS.slice(4).join(', ')}

Examples:
  npm run bench
  npm run bench -- W1 W2 --json
`;

/** What to measure and how to print it. */
export interface BenchArguments {
  readonly workloads: readonly WorkloadName[];
  readonly isJson: boolean;
  readonly isQuick: boolean;
  readonly runs: number;
  readonly variants: ReadonlySet<Variant | MqttVariant> | null;
  readonly isHelp: boolean;
}

const VARIANTS: readonly (Variant | MqttVariant)[] = ['library', 'agent', 'gossipsub', ...MQTT_VARIANTS];
const RUNS_MAX = 20;

/** Reads the command line. Throws an `Error` with a sentence for a person. */
export function parseBenchArguments(argv: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      variants: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const runs = Number(values.runs ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(runs) || runs < 1 || runs > RUNS_MAX) {
    throw new Error(`--runs takes a whole number from 1 to ${RUNS_MAX}.`);
  }
  return {
    workloads: positionals.length === 0 ? DEFAULT_WORKLOADS : positionals.map(workloadOf),
    isJson: values.json,
    isQuick: values.quick,
    runs,
    variants: values.variants === undefined ? null : new Set(values.variants.split(',').map(variantOf)),
    isHelp: values.help,
  };
}

function workloadOf(text: string): WorkloadName {
  const found = WORKLOADS.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found === undefined) throw new Error(`No workload "${text}"; there are ${WORKLOADS.join(', ')}.`);
  return found;
}

function variantOf(text: string): Variant | MqttVariant {
  const found = VARIANTS.find((name) => name === text);
  if (found === undefined) throw new Error(`No variant "${text}"; there are ${VARIANTS.join(', ')}.`);
  return found;
}
