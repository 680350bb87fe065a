export { assert, assertNever } from './assert.ts';
export { Counters } from './counters.ts';
export { ERROR_TABLE, type ErrorCode, type ErrorEntry } from './error-table.ts';
export { type Log, type LogLine, partLog, silentLog } from './log.ts';
export { accept, type Refusal, type Result, refuse } from './result.ts';
export { describeError, type ErrorDetails, isSedgeError, SedgeError } from './sedge-error.ts';
