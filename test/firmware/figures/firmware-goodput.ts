import { parseArgs } from 'node:util';
import { hasTool } from '../toolchain.ts';
import { sealedGoodput } from './sealed-goodput.ts';
import { type Goodput, unsealedGoodput } from './unsealed-goodput.ts';

const HELP = `Measures what the serial link of an emulated Uno carries at 115,200 baud: npm run firmware:goodput -- [options]

  --seconds N  of device time for each figure (20)
  --seed TEXT  what decides the losses (1)
  --latency MS each way, of USB chip and drivers (1)
  --json       a line of JSON for each figure
  --check      exit with 1 if a figure is below its target
`;

/** Link payload by wire time for full frames, unsealed. */
const TARGETS: ReadonlyMap<number, number> = new Map([
  [0, 0.85],
  [0.001, 0.6],
  [0.01, 0.15],
]);
const LOSSES = [0, 0.001, 0.01, 0.05];

interface Row extends Goodput {
  readonly payload: string;
  readonly loss: number;
  readonly target: number | null;
}

function measure(seconds: number, seed: string, latencyMs: number): Row[] {
  const rows: Row[] = [];
  for (const loss of LOSSES) {
    const options = { loss, seconds, seed, latencyMs };
    rows.push({
      payload: 'full frames, unsealed',
      loss,
      target: TARGETS.get(loss) ?? null,
      ...unsealedGoodput(options),
    });
  }
  for (const [payload, kind] of [
    ['full frames, sealed', 'full'],
    ['small numbers, sealed', 'small'],
  ] as const) {
    for (const loss of LOSSES) {
      rows.push({ payload, loss, target: null, ...sealedGoodput(kind, { loss, seconds, seed, latencyMs }) });
    }
  }
  return rows;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ payload, loss, share, target, framesPerSecond, payloadBytesPerSecond, wireShare }) => {
      const wanted = target === null ? '' : `${percent(target)} ${share >= target ? 'reached' : 'MISSED'}`;
      const rates = `${Math.round(payloadBytesPerSecond)} | ${framesPerSecond.toFixed(1)}`;
      return `| ${payload} | ${percent(loss)} | ${percent(share)} | ${wanted} | ${rates} | ${percent(wireShare)} |`;
    },
  );
  const head = '| payload | byte loss | link payload / wire time | target | bytes/s | frames/s | wire busy |';
  return [head, '|---|---|---|---|---|---|---|', ...lines].join('\n');
}

function main(argv: readonly string[]): number {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      latency: { type: 'string', default: '1' },
      json: { type: 'boolean' },
      check: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (!hasTool('avr-gcc')) {
    process.stderr.write(
      'There is no avr-gcc here, which the firmware is built with: bash .ci/toolchain installs it.\n',
    );
    return 1;
  }
  const rows = measure(Number(values.seconds), values.seed, Number(values.latency));
  process.stdout.write(`${values.json ? rows.map((row) => JSON.stringify(row)).join('\n') : table(rows)}\n`);
  return values.check && rows.some(({ share, target }) => target !== null && share < target) ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
