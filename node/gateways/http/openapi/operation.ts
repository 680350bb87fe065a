import type { RouteScope } from '../../../control/route-plugin.ts';
import { ref, type Schema } from './schemas.ts';

/** An operation of OpenAPI 3.1. */
export type Operation = Readonly<Record<string, unknown>>;

/** What is to be said of a route. */
export interface OperationText {
  readonly summary: string;
  readonly tag: 'publish' | 'read' | 'follow' | 'node' | 'admin' | 'health';
  readonly scope: RouteScope;
  readonly parameters?: readonly Parameter[];
  /** Of a JSON body. */
  readonly body?: Schema;
  /** A body that is taken, for people and for the test that takes them all. */
  readonly example?: unknown;
  /** Of a JSON answer; otherwise see `media`. */
  readonly answer?: Schema;
  /** Media type of an answer that is not JSON. */
  readonly media?: string;
  /** Statuses beside 200 with an answer of the same form, and what they say. */
  readonly also?: Readonly<Record<string, string>>;
  /** Of a body that is taken as it is. */
  readonly raw?: boolean;
}

/** A parameter of a query or of the path. */
export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly description: string;
  readonly schema: Schema;
  readonly required?: boolean;
  readonly explode?: boolean;
  readonly example?: unknown;
}

/** Writes an operation; errors, rights and CBOR are the same for all. */
export function operation(text: OperationText): Operation {
  const { summary, tag, scope, parameters = [], also = {} } = text;
  const answered = { description: 'Done.', content: answerContent(text) };
  return {
    summary,
    tags: [tag],
    description: scope === 'open' ? 'Needs no token.' : `Needs the right \`${scope}\`.`,
    ...(scope === 'open' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(text),
    responses: {
      200: answered,
      ...Object.fromEntries(
        Object.entries(also).map(([status, description]) => [status, { ...answered, description }]),
      ),
      default: {
        description: 'Refused; the code is one of docs/errors.md.',
        content: { 'application/json': { schema: ref('Error') } },
      },
    },
  };
}

function bodyOf({ body, example, raw = false }: OperationText): object {
  if (raw) return { requestBody: { required: false, content: { '*/*': { schema: {} } } } };
  if (body === undefined) return {};
  const shown = example === undefined ? {} : { example };
  const content = { 'application/json': { schema: body, ...shown }, 'application/cbor': { schema: body } };
  return { requestBody: { required: true, content } };
}

function answerContent({ answer, media }: OperationText): object {
  if (media !== undefined) return { [media]: { schema: answer ?? {} } };
  const schema = answer ?? { type: 'object' };
  return { 'application/json': { schema }, 'application/cbor': { schema } };
}
