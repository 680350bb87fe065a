import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ApiParts, RoutePlugin, ServedMesh } from '../../../../node/control/index.ts';
import { HttpGateway, type HttpOptions } from '../../../../node/gateways/http/index.ts';
import { type KeptToken, readTokens, writeTokens } from '../../../../node/gateways/http/tokens/token-file.ts';
import type { TokenScope } from '../../../../node/gateways/http/tokens/token-scope.ts';
import { makeToken } from '../../../../node/gateways/http/tokens/token-text.ts';
import { silentLog } from '../../../../src/errors/index.ts';
import type { Mesh } from '../../../../src/mesh/index.ts';
import { MeshWorld } from '../../mesh/mesh-world.ts';
import { FakeDevices } from '../fake-devices.ts';
import { FakeMesh } from '../fake-mesh.ts';

/** An answer, its body read as JSON where it is that. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: never;
  readonly bytes: Buffer;
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

/** Settings of an {@link HttpWorld}. */
export interface HttpWorldOptions extends Partial<HttpOptions> {
  readonly plugins?: readonly RoutePlugin[];
  readonly nowMs?: () => number;
  /** Parts of the agent beside the mesh. */
  readonly parts?: Partial<ApiParts>;
}

/** A gateway before a mesh, on a real socket. */
export class HttpWorld<M extends ServedMesh = FakeMesh> {
  readonly mesh: M;
  readonly gateway: HttpGateway;
  readonly directory: string;
  readonly #stopMesh: () => Promise<void>;

  private constructor(mesh: M, gateway: HttpGateway, directory: string, stopMesh: () => Promise<void>) {
    this.mesh = mesh;
    this.gateway = gateway;
    this.directory = directory;
    this.#stopMesh = stopMesh;
  }

  /** Before a mesh in memory that knows just what the routes rely on. */
  static start(options: HttpWorldOptions = {}): Promise<HttpWorld> {
    return HttpWorld.#startOn(new FakeMesh(), options, async () => {});
  }

  /** Before a real mesh of one node. */
  static async startReal(options: HttpWorldOptions = {}): Promise<HttpWorld<Mesh>> {
    const meshes = new MeshWorld({ channels: [{ name: 'alarm', filter: 'alarm/#' }] });
    const { mesh } = await meshes.node('a');
    return HttpWorld.#startOn(mesh, options, () => meshes.stop());
  }

  static async #startOn<M extends ServedMesh>(
    mesh: M,
    { plugins = [], nowMs = Date.now, parts = {}, ...options }: HttpWorldOptions,
    stopMesh: () => Promise<void>,
  ): Promise<HttpWorld<M>> {
    const api = {
      mesh,
      devices: new FakeDevices(),
      http: () => world.gateway,
      log: silentLog,
      agentFacts: () => ({ pid: 1 }),
      onStop: () => {},
      ...parts,
    };
    const directory = await mkdtemp(join(tmpdir(), 'sedge-http-'));
    const gateway = new HttpGateway(
      { listeners: [{ host: '127.0.0.1', port: 0 }], ...options },
      { api, plugins, directory, log: silentLog, nowMs },
    );
    const world = new HttpWorld(mesh, gateway, directory, stopMesh);
    try {
      await gateway.start();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.#stopMesh();
    await rm(this.directory, { recursive: true, force: true });
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

  /** A token, good as soon as this resolves. */
  async token(scopes: readonly TokenScope[], expiresAtMs: number | null = null): Promise<string> {
    const { id, hash, text } = makeToken();
    const kept: KeptToken = { id, name: `token ${id}`, hash, scopes, createdAtMs: 0, expiresAtMs };
    await writeTokens(this.directory, new Map([...(await readTokens(this.directory)), [id, kept]]));
    await this.#untilRead();
    return text;
  }

  /** Takes all tokens away. */
  async revokeAll(): Promise<void> {
    await writeTokens(this.directory, new Map());
  }

  /** Asks as a client would that sends exactly these headers. */
  async ask(path: string, question: Question = {}): Promise<Answer> {
    const response = await this.open(path, question);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const { statusCode, headers } = response;
    const text = bytes.toString('utf8');
    return { status: statusCode!, headers, bytes, text, body: jsonOf(text) as never };
  }

  /** The same, with the body to be read. */
  open(path: string, { method, headers = {}, body, json }: Question = {}): Promise<IncomingMessage> {
    const sent = json === undefined ? body : JSON.stringify(json);
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const question = request(
        `${this.url}${path}`,
        { method: method ?? (sent === undefined ? 'GET' : 'POST'), headers: { ...type, ...headers } },
        resolve,
      );
      question.once('error', reject);
      question.end(sent);
    });
  }

  async #untilRead(): Promise<void> {
    const { size } = await readTokens(this.directory);
    while (this.gateway.status().tokens !== size) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
