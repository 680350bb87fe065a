import { createHash } from 'node:crypto';

/** The id of what a rule finds of a subject: short, fit for a topic and a command line, the same after a restart. */
export function alertId(rule: string, subject: string): string {
  if (subject === '') return rule;
  return `${rule}-${createHash('sha256').update(subject).digest('hex').slice(0, 6)}`;
}
