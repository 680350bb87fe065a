export { AgentLog, type AgentLogOptions, type LogTarget } from './agent-log.ts';
export { isJournald } from './journald.ts';
export type { LogFormat } from './log-format.ts';
export {
  LOG_LEVELS,
  LOG_PARTS,
  type LogLevel,
  type LogLevels,
  type LogPart,
  readLogLevels,
} from './log-levels.ts';
