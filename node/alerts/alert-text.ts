import type { AlertRule } from './alert-rule.ts';
import type { Observation } from './alerts-state.ts';

/** What happened, and what to do. */
export interface AlertText {
  readonly sentence: string;
  readonly next: string;
}

/** The words for what a rule found. Never a payload, only the figure that a rule asks for. */
export function textOfAlert(rule: AlertRule, { subject, value, detail = '' }: Observation): AlertText {
  switch (rule.watch) {
    case 'peer-silent':
      return {
        sentence: `Nothing is heard of ${subject}.`,
        next: 'See "sedge peers"; look after its power and its network. What it publishes meanwhile comes later.',
      };
    case 'backlog':
      return {
        sentence: `${subject} lacks ${value ?? 0} messages that this node holds${rule.growing ? ', more and more' : ''}.`,
        next: 'See "sedge status": retention may drop them before it comes back, or a link may be too slow.',
      };
    case 'disk':
      return {
        sentence:
          rule.limit?.unit === 'bytes'
            ? `Only ${Math.floor((value ?? 0) / 1_000_000)} MB are free on the disk of this node.`
            : `The disk of this node is ${Math.floor(value ?? 0)}% full.`,
        next: 'Remove what is not needed, or let sedge keep less (storageMax, retention); full, it takes nothing in.',
      };
    case 'clock':
      return {
        sentence:
          detail === '' ? `The clock of this node jumped by ${Math.round(value ?? 0)} seconds.` : detail,
        next: 'See whether its time is right ("timedatectl"); times of messages around it may be wrong, order is not.',
      };
    case 'fork':
      return {
        sentence: `The key of ${subject} was used twice.`,
        next: 'See "sedge forks": a cloned card, a restored backup, or somebody who has the key. "sedge revoke" ends it.',
      };
    case 'bad-tags':
      return {
        sentence: `Records at ${subject} are not sealed with the key of their device.`,
        next: 'See "sedge device ls": another device, another key, or somebody who tampers with the line.',
      };
    case 'topic-silent':
      return {
        sentence: `Nothing came on ${subject} for too long.`,
        next: 'Look after what publishes there, and the nodes on the way ("sedge peers").',
      };
    case 'value':
      return {
        sentence: `${subject} is ${rule.limit?.side ?? 'beyond'} ${rule.limit?.at ?? ''}: ${value ?? 0}.`,
        next: `See "sedge sub '${subject.replaceAll("'", '')}' --from last".`,
      };
    case 'test':
      return { sentence: 'This is a test.', next: 'Nothing: it ends by itself.' };
  }
}
