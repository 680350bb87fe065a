#!/usr/bin/env node
// The entry of the command line. Plain JavaScript that old versions of Node can parse, so that they end in one
// clear line; everything else is TypeScript that Node runs as it is, from 22.18 on. `process` is not imported:
// that touches all it exports, stdin too, and costs 15 ms.
import module from 'node:module';

/** True if this Node runs TypeScript unbuilt: 22.18 and newer of its line, 23.6 and newer, 24 and newer. */
function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major > 23;
}

function refuseOldNode(version) {
  const message = `sedge needs Node.js 22.18 or newer, and this is ${version}.`;
  const next =
    'Install Node.js 24 from https://nodejs.org, or use the one that npm installed: npm run sedge -- COMMAND';
  if (process.argv.includes('--json')) {
    process.stderr.write(`${JSON.stringify({ error: { code: 'agent.node-too-old', message, next } })}\n`);
  } else {
    process.stderr.write(`sedge: ${message} ${next}\n`);
  }
  process.exitCode = 1;
}

/** Experimental warnings are Node's business, not that of someone who reads a sensor. */
function hideExperimentalWarnings() {
  const emit = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const kind = typeof rest[0] === 'string' ? rest[0] : rest[0]?.type;
    if (kind !== 'ExperimentalWarning') emit.call(process, warning, ...rest);
  };
}

async function main() {
  if (!isSupported(process.versions.node)) return refuseOldNode(process.versions.node);
  hideExperimentalWarnings();
  module.enableCompileCache();
  const { runCli } = await import('./cli.ts');
  process.exitCode = await runCli(process.argv.slice(2));
  // After a clean end nothing is open and Node leaves by itself; whatever hangs does not keep the shell waiting.
  setTimeout(() => process.exit(), 1_000).unref();
}

main();
