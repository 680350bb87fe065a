import { request } from 'node:http';
import type { ApiParts, RoutePlugin } from '../../../../node/control/index.ts';
import { HttpGateway, type HttpOptions } from '../../../../node/gateways/http/index.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import { FakeDevices } from '../fake-devices.ts';
import { FakeMesh } from '../fake-mesh.ts';

/** An answer, its body read as JSON where it is that. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: never;
  readonly text: string;
}

/** What is asked. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sent as `application/json`. */
  readonly json?: unknown;
}

/** A gateway before a mesh in memory, on a real socket. */
export class HttpWorld {
  readonly mesh: FakeMesh;
  readonly gateway: HttpGateway;

  private constructor(mesh: FakeMesh, gateway: HttpGateway) {
    this.mesh = mesh;
    this.gateway = gateway;
  }

  static async start(
    options: Partial<HttpOptions> = {},
    plugins: readonly RoutePlugin[] = [],
    parts: Partial<ApiParts> = {},
  ) {
    const mesh = new FakeMesh();
    const api = {
      mesh,
      devices: new FakeDevices(),
      http: () => world.gateway,
      log: silentLog,
      agentFacts: () => ({ pid: 1 }),
      onStop: () => {},
      ...parts,
    };
    const gateway = new HttpGateway(
      { address: { host: '127.0.0.1', port: 0 }, ...options },
      { api, plugins, directory: '', log: silentLog, nowMs: Date.now },
    );
    const world = new HttpWorld(mesh, gateway);
    await gateway.start();
    return world;
  }

  get url(): string {
    return this.gateway.addresses()[0]!;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** How often something was counted. */
  count(name: string): number {
    return this.gateway.status().counters[name] ?? 0;
  }

  /** Asks as a client would that sends exactly these headers. */
  ask(path: string, { method, headers = {}, body, json }: Question = {}): Promise<Answer> {
    const sent = json === undefined ? body : JSON.stringify(json);
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const question = request(
        `${this.url}${path}`,
        { method: method ?? (sent === undefined ? 'GET' : 'POST'), headers: { ...type, ...headers } },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers,
              text,
              body: bodyOf(text) as never,
            }),
          );
        },
      );
      question.once('error', reject);
      question.end(sent);
    });
  }
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
