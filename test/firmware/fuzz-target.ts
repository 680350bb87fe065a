import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, buildProgram, ROOT, run } from './build-program.ts';

const LIBRARY = 'firmware-bridge/c';

/** What is fuzzed: `fuzz_<harness>.c`, from the inputs in `seeds/<harness>`. */
export interface FuzzTarget {
  readonly name: string;
  readonly harness: 'device' | 'cbor';
  readonly defines: readonly string[];
  readonly maxBytes: number;
  /** Sources of the library that it is linked with. */
  readonly library: RegExp;
  /** Calls inside the library that it looks at. */
  readonly wrapped: readonly string[];
}

const DEVICE = { harness: 'device', maxBytes: 600, library: /\.c$/, wrapped: ['sedge_ascon'] } as const;

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { ...DEVICE, name: 'a device', defines: [] },
  {
    ...DEVICE,
    name: 'a device with the limits of an Uno',
    defines: ['SEDGE_MTU=64', 'SEDGE_RESULT_SIZE=8', 'SEDGE_SIGNING=0'],
  },
  { name: 'CBOR', harness: 'cbor', defines: [], maxBytes: 256, library: /^cbor.*\.c$/, wrapped: [] },
];

/** Builds a target for libFuzzer with the sanitizers of addresses and of undefined behaviour, each fatal. */
export function buildFuzzTarget({ harness, library, wrapped, defines }: FuzzTarget): Promise<string> {
  const sources = readdirSync(join(ROOT, LIBRARY, 'src')).filter((file) => library.test(file));
  return buildProgram({
    compiler: 'clang',
    flags: [
      ...['-std=c99', '-g', '-O1', '-Wall', '-Wextra', '-Werror', `-I${LIBRARY}/include`],
      ...['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
      ...defines.map((define) => `-D${define}`),
      ...wrapped.map((call) => `-Wl,--wrap=${call}`),
    ],
    sources: [`${LIBRARY}/fuzz/fuzz_${harness}.c`, ...sources.map((file) => `${LIBRARY}/src/${file}`)],
  });
}

/** The inputs that are kept for a target, one a file. */
export function seedsOf({ harness }: FuzzTarget): string[] {
  const folder = join(ROOT, LIBRARY, 'fuzz/seeds', harness);
  return readdirSync(folder).map((file) => join(folder, file));
}

/**
 * Fuzzes for some seconds from the kept inputs. Rejects with libFuzzer's report of the input that broke something,
 * which is a line of Base64 in it; resolves to how many inputs were tried. The seed is in what it rejects with.
 */
export async function fuzz(program: string, target: FuzzTarget, seconds: number): Promise<number> {
  const found = mkdtempSync(join(buildFolder(), `fuzz-${target.harness}-`));
  const limits = [
    `-max_total_time=${seconds}`,
    `-max_len=${target.maxBytes}`,
    '-timeout=20',
    '-rss_limit_mb=2048',
  ];
  const argv = [
    ...limits,
    `-seed=${randomInt(1, 2 ** 31)}`,
    `-artifact_prefix=${found}/crash-`,
    '-print_final_stats=1',
  ];
  const corpus = [found, join(ROOT, LIBRARY, 'fuzz/seeds', target.harness)];
  const said = await run(program, [...argv, ...corpus], { timeoutMs: seconds * 1000 + 120_000 });
  return Number(/stat::number_of_executed_units:\s*(\d+)/.exec(said)?.[1] ?? 0);
}
