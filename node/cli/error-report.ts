import { isSedgeError, SedgeError } from '../../src/errors/index.ts';
import { type ProposalOptions, proposal } from './proposed-command.ts';

/** What `errorReport` may say beside the error itself. */
export interface ErrorReportOptions {
  /** One JSON object instead of sentences. */
  readonly json: boolean;
  /** The node that commands are proposed for. */
  readonly node: ProposalOptions;
  /** Adds the stack trace (`SEDGE_DEBUG=1`). */
  readonly debug?: boolean;
}

/** Turns anything thrown into sedge's own error; what has no code of its own is `agent.internal`. */
export function asSedgeError(error: unknown): SedgeError {
  if (isSedgeError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new SedgeError('agent.internal', { reason }, { cause: error });
}

/**
 * An error as a person or a program on stderr gets it: what happened, why, and the next command to try; with
 * `json` as `{"error":{"code","message","next"}}`. Ends in a newline.
 */
export function errorReport(thrown: unknown, options: ErrorReportOptions): string {
  const error = asSedgeError(thrown);
  const next = nextOf(error, options.node);
  const stack = options.debug ? stackOf(thrown) : '';
  if (options.json) {
    const { code, message, details } = error;
    const body = { code, message, next, details, ...(stack === '' ? {} : { stack }) };
    return `${JSON.stringify({ error: body })}\n`;
  }
  return `sedge: ${sentenceOf(error)}\n  ${next}\n${stack}`;
}

/** What is wrong with a command line needs no preface. */
function sentenceOf(error: SedgeError): string {
  const { reason } = error.details;
  return error.code === 'cli.usage' && typeof reason === 'string' ? `${reason}.` : error.message;
}

/** A mistake of the line has its help, which needs no directory. */
function nextOf(error: SedgeError, node: ProposalOptions): string {
  const { command } = error.details;
  if (error.code === 'cli.usage' && typeof command === 'string') return `See "sedge ${command} --help".`;
  return proposal(error.next, node);
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause instanceof Error ? `caused by ${error.cause.stack}\n` : '';
  return `${error.stack}\n${cause}`;
}
