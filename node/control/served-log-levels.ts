import type { AgentLog } from '../log/index.ts';

/** What the API needs of the log. */
export type ServedLogLevels = Pick<AgentLog, 'levels' | 'setLevels'>;
