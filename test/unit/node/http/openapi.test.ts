import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboard } from '../../../../node/dashboard/index.ts';
import { shapeOf } from '../../../../node/gateways/http/openapi/openapi-document.ts';
import type { Mesh } from '../../../../src/mesh/index.ts';
import { HttpWorld } from './http-world.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly example?: unknown }[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly example?: unknown; schema: object }>>;
  };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

let world: HttpWorld<Mesh>;
let document: Document;
let served: string[] = [];
let authorization: string;
const ajv = new Ajv2020({ strict: false, formats: { 'date-time': true } });

/** Routes that stay open, or lead elsewhere. */
const NOT_ASKED = new Set([
  'get /v1/stream',
  'get /v1/socket',
  'get /v1/live',
  'post /v1/devices/monitor',
  'get /assets/{version}/{path}',
  'get /favicon.ico',
]);

beforeAll(async () => {
  world = await HttpWorld.startReal({ plugins: [dashboard] });
  authorization = `Bearer ${await world.token(['admin'])}`;
  document = (await world.ask('/v1/openapi.json')).body;
  served = world.gateway.routes().map(({ method, url }) => `${method.toLowerCase()} ${shapeOf(url)}`);
  ajv.addSchema({ $id: 'doc', ...document });
});

afterAll(() => world.stop());

function operations(): [path: string, method: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => [path, method, one] as [string, string, Operation]),
  );
}

function validate(pointer: string, value: unknown): void {
  const check = ajv.getSchema(`doc#${pointer}`)!;
  expect(check(value), JSON.stringify(check.errors?.slice(0, 2))).toBe(true);
}

const pointerOf = (...parts: string[]) =>
  `/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;

describe('the OpenAPI document', () => {
  it('has every route that is served, and none that is not', () => {
    expect(document.openapi).toBe('3.1.0');
    const described = operations().map(([path, method]) => `${method} ${shapeOf(path)}`);
    expect(served.length).toBeGreaterThan(30);
    expect(served.filter((route) => !described.includes(route))).toEqual([]);
    expect(described.filter((route) => !served.includes(route))).toEqual([]);
  });

  it('has schemas that are schemas, and refers only to those', () => {
    for (const name of Object.keys(document.components.schemas))
      expect(ajv.getSchema(`doc#${pointerOf('components', 'schemas', name)}`), name).toBeDefined();
    for (const [, name] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g))
      expect(document.components.schemas).toHaveProperty(name!);
  });

  it('has parameters for each part of a path that stands for something', () => {
    for (const [path, method, { parameters = [] }] of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
      const given = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(given, `${method} ${path}`).toEqual(named);
    }
  });

  it('has examples that the server takes, and answers as it says', async () => {
    await world.ask('/v1/topics/site/greenhouse/temp', { body: '21.5' });
    const asked: string[] = [];
    for (const [path, method, operation] of operations()) {
      const route = `${method} ${path}`;
      const json = operation.requestBody?.content['application/json']?.example;
      if (
        NOT_ASKED.has(route) ||
        (method !== 'get' && json === undefined && operation.requestBody !== undefined)
      )
        continue;
      const answer = await world.ask(addressOf(path, operation), {
        method: method.toUpperCase(),
        headers: { authorization },
        ...(json === undefined ? {} : { json }),
      });
      asked.push(route);
      if (json !== undefined)
        validate(
          pointerOf('paths', path, method, 'requestBody', 'content', 'application/json', 'schema'),
          json,
        );
      // What takes no body may need what is not there.
      const fits = method === 'get' || json !== undefined ? [200] : [200, 400];
      expect(fits, `${route}: ${answer.text.slice(0, 200)}`).toContain(answer.status);
      if (answer.status === 400) validate('/components/schemas/Error', answer.body);
      else if (operation.responses['200']?.content?.['application/json'] !== undefined)
        validate(
          pointerOf('paths', path, method, 'responses', '200', 'content', 'application/json', 'schema'),
          answer.body,
        );
    }
    expect(asked.length).toBeGreaterThan(25);
  });

  it('says how errors look', async () => {
    const { body } = await world.ask('/v1/publish', { json: {} });
    validate('/components/schemas/Error', body);
  });
});

/** The address of an operation with its examples in place. */
function addressOf(path: string, { parameters = [] }: Operation): string {
  const filled = parameters.reduce((address, { name, example }) => {
    return address.replace(`{${name}}`, String(example ?? 'x'));
  }, path);
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.example !== undefined)
    .flatMap(({ name, example }) =>
      [example].flat().map((one) => `${name}=${encodeURIComponent(String(one))}`),
    );
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}
