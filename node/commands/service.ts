import { Option } from 'commander';
import { SedgeError } from '../../src/errors/index.ts';
import { addExamples, type DefineCommand } from '../cli/command-definition.ts';
import { MEMORY_MAX } from '../service/unit-text.ts';

/** As systemd.resource-control(5) has it, without percentages. */
const MEMORY = /^[1-9]\d*[KMGT]?$/;

/** `sedge service`: the agent as a service of systemd. */
export const define: DefineCommand = (command, run) => {
  const yes = () => new Option('-y, --yes', 'do it without asking');
  const dryRun = () => new Option('--dry-run', 'print every file and command, and do nothing');
  const root = () =>
    new Option('--root <directory>', 'do it to the files of another system, such as an image');
  const install = command
    .command('install')
    .description('write a hardened unit for systemd, and start it now and at each boot')
    .addOption(yes())
    .addOption(dryRun())
    .addOption(root())
    .addOption(
      new Option('--memory-max <size>', 'most memory that the service may take')
        .default(MEMORY_MAX)
        .argParser(memory),
    )
    .option('--no-start', 'do not start it now')
    .action(
      run(async (context, options) =>
        (await import('../service/change-service.ts')).installService(context, options),
      ),
    );
  const status = command
    .command('status')
    .description('how the service is; exit code 3 if it does not run')
    .action(
      run(async (context) => (await import('../service/service-status.ts')).showServiceStatus(context)),
    );
  const uninstall = command
    .command('uninstall')
    .description('stop the service and remove its unit; the data stay')
    .addOption(yes())
    .addOption(dryRun())
    .addOption(root())
    .option('--purge', 'delete data, key, settings and user too')
    .action(
      run(async (context, options) =>
        (await import('../service/change-service.ts')).uninstallService(context, options),
      ),
    );
  addExamples(install, [
    ['sedge service install --dry-run', 'see the unit and all that would be done'],
    ['sedge service install', 'as root: tell, ask, do it'],
    ['sedge service install --yes --root /mnt/image', 'prepare the card of another machine'],
  ]);
  addExamples(status, [['sedge service status', 'state, version, memory, restarts, watchdog']]);
  addExamples(uninstall, [
    ['sedge service uninstall', 'the data in /var/lib/sedge stay'],
    ['sedge service uninstall --purge', 'they do not'],
  ]);
  addExamples(command, [
    ['sedge service install', 'run the agent from boot on'],
    ['sedge service status', 'how it is'],
  ]);
};

function memory(text: string): string {
  if (MEMORY.test(text)) return text;
  throw new SedgeError('cli.usage', {
    reason: `--memory-max takes a size such as ${MEMORY_MAX}, not "${text}"`,
  });
}
