import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder, buildProgram, ROOT, run } from './build-program.ts';

const LIBRARY = 'firmware-bridge/c';

/** What is fuzzed: `fuzz_<name>.c`, from the inputs in `seeds/<name>`. */
export interface FuzzTarget {
  readonly name: 'device' | 'cbor';
  readonly maxBytes: number;
  /** Sources of the library that it is linked with. */
  readonly library: RegExp;
  /** Calls inside the library that it looks at. */
  readonly wrapped: readonly string[];
}

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'device', maxBytes: 512, library: /\.c$/, wrapped: ['sedge_ascon'] },
  { name: 'cbor', maxBytes: 256, library: /^cbor.*\.c$/, wrapped: [] },
];

/** Builds a target for libFuzzer with the sanitizers of addresses and of undefined behaviour, each fatal. */
export function buildFuzzTarget({ name, library, wrapped }: FuzzTarget): Promise<string> {
  const sources = readdirSync(join(ROOT, LIBRARY, 'src')).filter((file) => library.test(file));
  return buildProgram({
    compiler: 'clang',
    flags: [
      ...['-std=c99', '-g', '-O1', '-Wall', '-Wextra', '-Werror', `-I${LIBRARY}/include`],
      ...['-fsanitize=fuzzer,address,undefined', '-fno-sanitize-recover=all'],
      ...wrapped.map((call) => `-Wl,--wrap=${call}`),
    ],
    sources: [`${LIBRARY}/fuzz/fuzz_${name}.c`, ...sources.map((file) => `${LIBRARY}/src/${file}`)],
  });
}

/** The inputs that are kept for a target, one a file. */
export function seedsOf(name: FuzzTarget['name']): string[] {
  const folder = join(ROOT, LIBRARY, 'fuzz/seeds', name);
  return readdirSync(folder).map((file) => join(folder, file));
}

/**
 * Fuzzes for some seconds from the kept inputs. Rejects with libFuzzer's report of the input that broke something,
 * which is a line of Base64 in it; resolves to how many inputs were tried. The seed is in what it rejects with.
 */
export async function fuzz(program: string, target: FuzzTarget, seconds: number): Promise<number> {
  const found = mkdtempSync(join(buildFolder(), `${target.name}-`));
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
  const corpus = [found, join(ROOT, LIBRARY, 'fuzz/seeds', target.name)];
  const said = await run(program, [...argv, ...corpus], { timeoutMs: seconds * 1000 + 120_000 });
  return Number(/stat::number_of_executed_units:\s*(\d+)/.exec(said)?.[1] ?? 0);
}
