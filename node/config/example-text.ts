import { SETTING_KEYS, SETTING_OPTIONS, SETTING_VARIABLES } from './agent-settings.ts';
import { SETTING_TEXTS } from './setting-defaults.ts';

/** A configuration file with every setting as a comment: what it is for, its default, an example. */
export function exampleText(): string {
  const blocks = SETTING_KEYS.map((key) => {
    const { purpose, byDefault, example } = SETTING_TEXTS[key];
    const also = `${SETTING_OPTIONS[key]}, ${SETTING_VARIABLES[key]}`;
    return `# ${purpose}\n# default: ${byDefault} (also ${also})\n${example.replaceAll(/^/gm, '#')}\n`;
  });
  return `# Settings of this node. Options of "sedge start" and the environment come before this file.\n\n${blocks.join('\n')}`;
}
