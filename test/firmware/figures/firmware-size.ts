import { parseArgs } from 'node:util';
import { leftOutLine, missingTools } from '../toolchain.ts';
import { measurablePrograms, type ProgramSize, SIZED_PROGRAMS, type SizedProgram } from './sized-programs.ts';

const HELP = `Tells what the firmware takes of its chips: npm run firmware:size -- [--json] [--check]

  --json   a line of JSON for each program
  --check  exit with 1 if a program is over its budget, or cannot be measured for want of a tool
`;

interface Row extends ProgramSize {
  readonly program: SizedProgram;
  readonly ramWhole: number;
  readonly isOver: boolean;
}

async function measured(program: SizedProgram): Promise<Row> {
  const size = await program.measure();
  const ramWhole = size.ramBytes + (size.stackBytes ?? 0);
  const { budget } = program;
  const isOver = budget !== undefined && (size.flashBytes > budget.flashBytes || ramWhole > budget.ramBytes);
  return { ...size, program, ramWhole, isOver };
}

function jsonLine({ program, isOver, flashBytes, ramBytes, stackBytes }: Row): string {
  const { name, board, budget } = program;
  return JSON.stringify({ name, board, flashBytes, ramBytes, stackBytes, ...(budget && { budget, isOver }) });
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ program, flashBytes, ramBytes, stackBytes, ramWhole, isOver }) => {
    const { name, board, budget } = program;
    const stack = stackBytes === null ? '' : ` + ${stackBytes} = ${ramWhole}`;
    const verdict =
      budget === undefined ? '' : `${isOver ? 'OVER' : 'within'} ${budget.flashBytes} / ${budget.ramBytes}`;
    return `| ${name} | ${board} | ${flashBytes} | ${ramBytes}${stack} | ${verdict} |`;
  });
  const head = '| program | board | flash, bytes | RAM, bytes: variables + stack | budget: flash / RAM |';
  return [head, '|---|---|---|---|---|', ...lines].join('\n');
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { json: { type: 'boolean' }, check: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const rows: Row[] = [];
  for (const program of measurablePrograms()) rows.push(await measured(program));
  process.stdout.write(`${values.json ? rows.map(jsonLine).join('\n') : table(rows)}\n`);
  const isIncomplete = rows.length < SIZED_PROGRAMS.length;
  if (isIncomplete) process.stderr.write(`${leftOutLine(missingTools())}\n`);
  return values.check && (isIncomplete || rows.some(({ isOver }) => isOver)) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
