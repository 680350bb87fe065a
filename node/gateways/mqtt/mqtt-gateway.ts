import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from '../../../src/errors/index.ts';
import { checkTopic } from '../../../src/index.ts';
import { AdmissionState } from './admission-state.ts';
import { AlertTopics } from './alert-topics.ts';
import {
  type Admitted,
  ClientConnection,
  type ConnectionHost,
  type ConnectRequest,
} from './client-connection.ts';
import { ClientFiles } from './client-files.ts';
import { type GatewayCount, GatewayCounters } from './gateway-counters.ts';
import type { ClientStream, Listener, ListenerOptions } from './listeners/listener.ts';
import { makeListener } from './listeners/make-listener.ts';
import type { MqttMesh } from './mqtt-mesh.ts';
import {
  CLIENT_NAME_BYTES_MAX,
  type MqttOptions,
  type ResolvedMqttOptions,
  resolveMqttOptions,
} from './mqtt-options.ts';
import { type PacketFault, REASON, type ReasonCode } from './packet/reason-code.ts';
import { MqttSession } from './session/mqtt-session.ts';
import { isSessionRecord, type SessionRecord } from './session/session-record.ts';
import { SharedGroups } from './shared/shared-groups.ts';
import { SYSTEM_INTERVAL_MS, type SystemValue, systemValues } from './system-topics.ts';
import type { Permissions } from './users/permissions.ts';
import { UserBook } from './users/user-book.ts';
import { willOf } from './wills/will.ts';
import { WillDesk } from './wills/will-desk.ts';

/** What the gateway works with. */
export interface MqttGatewayDependencies {
  readonly mesh: MqttMesh;
  /** The node's directory. */
  readonly directory: string;
  readonly log: Log;
  readonly nowMs: () => number;
  /** Of sedge, for `$SYS/broker/version`. */
  readonly version?: string;
}

/** A session as `sedge mqtt ls` shows it. */
export interface MqttClientStatus {
  readonly clientId: string;
  readonly user: string | null;
  readonly connected: boolean;
  /** `null` while it is away. */
  readonly address: string | null;
  readonly version: '3.1' | '3.1.1' | '5' | null;
  readonly subscriptions: readonly { readonly filter: string; readonly qos: number }[];
  /** Messages on their way to it. */
  readonly inflight: number;
  readonly disconnectedAtMs: number | null;
  /** When its session ends, milliseconds since 1970; `null` while connected or if never. */
  readonly expiresAtMs: number | null;
}

/** The gateway at a glance. */
export interface MqttStatus {
  readonly listening: readonly string[];
  readonly connections: number;
  readonly sessions: number;
  readonly counters: Readonly<Record<GatewayCount, number>>;
}

/** Who a client is. */
interface AdmittedName {
  readonly clientId: string;
  readonly assignedClientId: string | null;
  readonly user: string | null;
}

const TICK_MS = 1_000;
const NEVER = 0xffffffff;
const CONTROL = /\p{Cc}/u;
const VERSIONS = Object.freeze({ 3: '3.1', 4: '3.1.1', 5: '5' } as const);

/** MQTT 3.1, 3.1.1 and 5 on a TCP port: every node is a broker for the whole mesh. */
export class MqttGateway implements ConnectionHost {
  readonly #options: ResolvedMqttOptions;
  readonly #deps: MqttGatewayDependencies;
  readonly #counters = new GatewayCounters();
  readonly #store: ClientFiles<SessionRecord>;
  readonly #users: UserBook;
  readonly #shared: SharedGroups;
  readonly #alerts: AlertTopics;
  readonly #sessions = new Map<string, MqttSession>();
  readonly #connections = new Set<ClientConnection>();
  readonly #admission: AdmissionState<ClientConnection>;
  readonly #wills: WillDesk;
  /** By client id: what is being done for it. Takeovers and ends follow each other. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #listeners: Listener[] = [];
  #running = false;
  #ticker: NodeJS.Timeout | null = null;
  #stopping = false;
  #startedAtMs = 0;
  #systemSentAtMs = 0;

  constructor(options: MqttOptions, deps: MqttGatewayDependencies) {
    this.#options = resolveMqttOptions(options);
    this.#deps = deps;
    this.#admission = new AdmissionState(this.#options, deps.nowMs());
    this.#store = new ClientFiles(
      {
        directory: join(deps.directory, 'mqtt', 'sessions'),
        isRecord: isSessionRecord,
        unreadable: 'an MQTT session cannot be read and begins anew',
      },
      deps.log,
    );
    this.#wills = new WillDesk({ ...deps, counters: this.#counters });
    this.#shared = new SharedGroups(deps.directory, deps);
    this.#alerts = new AlertTopics(deps.mesh, {
      log: deps.log,
      onValue: (alert) => {
        for (const session of this.#sessions.values()) if (session.connected) session.sendAlert(alert);
      },
    });
    this.#users = new UserBook(deps.directory, this.#options, deps.log);
  }

  /** Takes up the sessions on disk and listens. The mesh has started. Throws `mqtt.cannot-listen`. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    await this.#users.refresh();
    await this.#shared.load();
    for (const record of await this.#store.load()) {
      const session = this.#makeSession(record);
      await session.recover();
      await session.joinGroups();
      this.#sessions.set(record.clientId, session);
    }
    await this.#shared.sweep();
    await this.#wills.load((clientId) => this.#sessions.get(clientId)?.expirySeconds ?? 0);
    this.#alerts.start();
    this.#startedAtMs = this.#deps.nowMs();
    this.#systemSentAtMs = this.#startedAtMs;
    for (const options of this.#options.listeners) await this.#listen(options);
    this.#ticker = setInterval(() => this.look(), TICK_MS);
    this.#deps.log.info({ listening: this.addresses() }, 'MQTT clients may connect');
  }

  /** Ends connections, keeps the sessions, and stops listening. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#stopping = true;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    const closed = Promise.all(this.#listeners.map((listener) => listener.stop()));
    for (const connection of this.#connections) connection.end(REASON.shuttingDown, 'stop');
    await closed;
    await Promise.allSettled([...this.#turns.values()]);
    await Promise.allSettled([...this.#sessions.values()].map((session) => session.detach()));
    await this.#shared.close();
    await this.#alerts.stop();
  }

  /** Where it listens: `host:port` for plain TCP, with a scheme before it for the others. */
  addresses(): string[] {
    return this.#listeners.map((listener) => listener.address()).filter((address) => address !== '');
  }

  status(): MqttStatus {
    return {
      listening: this.addresses(),
      connections: this.#connections.size,
      sessions: this.#sessions.size,
      counters: this.#counters.snapshot(),
    };
  }

  /** All sessions, by client id. */
  clients(): MqttClientStatus[] {
    const byConnection = new Map(
      [...this.#connections].map((connection) => [connection.session, connection]),
    );
    return [...this.#sessions.values()]
      .sort((a, b) => (a.clientId < b.clientId ? -1 : 1))
      .map((session) => {
        const connection = byConnection.get(session);
        return {
          clientId: session.clientId,
          user: session.user,
          connected: session.connected,
          address: connection?.remoteAddress ?? null,
          version: session.link === null ? null : VERSIONS[session.link.version],
          subscriptions: session.subscriptions.map(({ filter, qos }) => ({ filter, qos })),
          inflight: session.inflight,
          disconnectedAtMs: session.disconnectedAtMs,
          expiresAtMs: session.expiresAtMs,
        };
      });
  }

  // ---- connections -----------------------------------------------------------------------------------------------

  async #listen(options: ListenerOptions): Promise<void> {
    const listener = await makeListener(options, this.#deps.log);
    try {
      await listener.start((stream) => this.accept(stream));
    } catch (error) {
      await Promise.all(this.#listeners.map((one) => one.stop()));
      throw error;
    }
    this.#listeners.push(listener);
  }

  /** Takes in a connection. Also from a listener that is not its own. */
  accept(socket: ClientStream): void {
    const { log, nowMs } = this.#deps;
    const refusal = this.#admission.refusalOf(socket.remoteAddress, nowMs());
    if (this.#stopping || refusal !== null) {
      this.#counters.count('connectionsRefused');
      if (refusal !== null) this.#counters.count(refusal);
      socket.destroy();
      return;
    }
    this.#counters.count('connections');
    const deps = { host: this, counters: this.#counters, log, nowMs };
    const connection = new ClientConnection(socket, this.#options, deps);
    this.#connections.add(connection);
    this.#cut(this.#admission.opened(connection, socket.remoteAddress));
  }

  halfOpen(connection: ClientConnection, bytes: number): void {
    this.#cut(this.#admission.buffered(connection, bytes));
  }

  introduced(connection: ClientConnection): void {
    this.#admission.introduced(connection);
  }

  #cut(connections: readonly ClientConnection[]): void {
    for (const connection of connections) {
      this.#counters.count('halfOpenCut');
      connection.cut();
    }
  }

  async admit(connection: ClientConnection, request: ConnectRequest): Promise<Admitted> {
    const { packet } = request;
    const fault = this.#faultOf(request);
    if (fault !== null) return { ok: false, ...fault };
    const assignedClientId = packet.clientId === '' ? `sedge-${randomBytes(8).toString('hex')}` : null;
    const clientId = assignedClientId ?? packet.clientId;
    const { username, password } = packet;
    const { certificateName } = connection;
    const signedIn = await (certificateName === undefined
      ? this.#users.signIn({ username, password })
      : this.#users.signInByCertificate(certificateName));
    if (!signedIn.ok) return { ok: false, reason: signedIn.reason, rule: '3.1.4-2' };
    const { user } = signedIn;
    return this.#inTurn(clientId, () =>
      this.#admit(connection, request, { clientId, assignedClientId, user }),
    );
  }

  ended(connection: ClientConnection, { willed }: { readonly willed: boolean }): void {
    this.#connections.delete(connection);
    this.#admission.closed(connection);
    const { session } = connection;
    if (session === null || session.link !== connection) return;
    void this.#inTurn(session.clientId, () => this.#detach(session, willed)).catch((error: unknown) =>
      this.#deps.log.error(
        { client: session.clientId, error: String(error) },
        'an MQTT session was not kept',
      ),
    );
  }

  #faultOf({ packet, version }: ConnectRequest): PacketFault | null {
    const { clientId, username = '', properties, will, clean } = packet;
    if (this.#stopping) return { reason: REASON.serverUnavailable, rule: 'stop' };
    if (properties?.authenticationMethod !== undefined)
      return { reason: REASON.badAuthenticationMethod, rule: '4.12.0-1' };
    if (clientId === '' && version === 4 && clean !== true)
      return { reason: REASON.clientIdInvalid, rule: '3.1.3-8' };
    if (clientId === '' && version === 3) return { reason: REASON.clientIdInvalid, rule: '3.1' };
    if (
      Buffer.byteLength(clientId) > CLIENT_NAME_BYTES_MAX ||
      Buffer.byteLength(username) > CLIENT_NAME_BYTES_MAX
    )
      return { reason: REASON.clientIdInvalid, rule: 'limit' };
    // They stand in logs and tables, and the standard advises against them (section 1.5.4).
    if (CONTROL.test(clientId) || CONTROL.test(username))
      return { reason: REASON.clientIdInvalid, rule: '1.5.4' };
    if (will !== undefined && !checkTopic(will.topic).ok)
      return { reason: REASON.topicNameInvalid, rule: '3.1.3-11' };
    return null;
  }

  async #admit(
    connection: ClientConnection,
    { packet, version }: ConnectRequest,
    { clientId, assignedClientId, user }: AdmittedName,
  ): Promise<Admitted> {
    // Many may come and go under one name while it is not their turn: each would cost the disk.
    if (!connection.open) return { ok: false, ...fault(REASON.serverBusy) };
    const permissions = this.#permissionsOf(connection, { user, clientId });
    const mayHaveWill = packet.will === undefined || permissions?.mayPublish(packet.will.topic) === true;
    if (permissions === null || !mayHaveWill)
      return { ok: false, reason: REASON.notAuthorized, rule: '3.1.2-8' };
    connection.permissions = permissions;
    const expirySeconds = expiryOf(packet, version);
    let session = this.#sessions.get(clientId) ?? null;
    // What waits for one user is not for another one that takes its client id.
    if (session !== null && session.user !== user)
      return { ok: false, reason: REASON.notAuthorized, rule: '3.1.4-2' };
    if (session !== null) await this.#takeOver(session, packet.clean === true);
    session = this.#sessions.get(clientId) ?? null;
    const sessionPresent = session !== null;
    if (session === null) {
      if (this.#sessions.size >= this.#options.sessionsMax)
        return { ok: false, ...fault(REASON.quotaExceeded) };
      session = this.#makeSession({
        clientId,
        user,
        uid: randomBytes(8).toString('hex'),
        expirySeconds,
        subscriptions: [],
        inbound: { nextCounter: 1, unclearFrom: 1, open: [] },
        disconnectedAtMs: null,
      });
      this.#sessions.set(clientId, session);
    }
    session.expirySeconds = expirySeconds;
    try {
      await session.attach(connection);
      await this.#wills.hold(clientId, willOf({ ...packet, clientId }, user));
    } catch (error) {
      // A disk that takes nothing: the session stays as it was, and has no client.
      await session.detach().catch(() => {});
      throw error;
    }
    return { ok: true, session, sessionPresent, assignedClientId };
  }

  /** Ends the connection that a session has, and the session too if its client wants a new one. */
  async #takeOver(session: MqttSession, clean: boolean): Promise<void> {
    const { link } = session;
    if (link !== null) {
      this.#counters.count('takenOver');
      const connection = link as ClientConnection;
      connection.end(REASON.sessionTakenOver, '3.1.4-3');
      await this.#detach(session, connection.willed);
    }
    if (clean && this.#sessions.get(session.clientId) === session) await this.#end(session);
    else await this.#wills.returned(session.clientId);
  }

  async #detach(session: MqttSession, willed: boolean): Promise<void> {
    const { clientId, expirySeconds: sessionSeconds } = session;
    const settleWill = this.#wills.ended(clientId, { willed, sessionSeconds });
    try {
      await session.detach();
    } finally {
      await settleWill();
    }
    if (session.endsNow) await this.#end(session);
  }

  /** Ends a session, with the will that waited for it (MQTT-3.1.2-8). */
  async #end(session: MqttSession): Promise<void> {
    this.#sessions.delete(session.clientId);
    await this.#wills.publishWaiting(session.clientId);
    await session.end();
    await this.#store.remove(session.clientId);
  }

  #makeSession(record: SessionRecord): MqttSession {
    const { mesh, log, nowMs } = this.#deps;
    return new MqttSession(record, this.#options, {
      mesh,
      log,
      nowMs,
      counters: this.#counters,
      save: (kept) => this.#store.save(kept),
      shared: this.#shared,
      systemValues: () => this.#systemValues(),
      alertValues: () => this.#alerts.values,
    });
  }

  // ---- time ------------------------------------------------------------------------------------------------------

  /** Looks what is due, as it does each second: silent clients, wills, sessions that expired. */
  look(): void {
    const nowMs = this.#deps.nowMs();
    void this.lookAtUsers();
    for (const listener of this.#listeners) void listener.look();
    this.#sendSystemValues(nowMs);
    for (const connection of this.#connections) connection.onTime(nowMs);
    for (const clientId of this.#wills.due(nowMs))
      void this.#inTurn(clientId, () => this.#wills.publishWaiting(clientId));
    for (const session of this.#sessions.values()) {
      if (session.connected || (session.expiresAtMs ?? Number.POSITIVE_INFINITY) > nowMs) continue;
      this.#counters.count('sessionsExpired');
      void this.#inTurn(session.clientId, async () => {
        if (!session.connected && this.#sessions.get(session.clientId) === session) await this.#end(session);
      }).catch((error: unknown) =>
        this.#deps.log.error(
          { client: session.clientId, error: String(error) },
          'an MQTT session could not be ended',
        ),
      );
    }
  }

  /** Reads the users again if their file changed: those that are gone are cut off, the others may what it says now. */
  async lookAtUsers(): Promise<void> {
    if (!(await this.#users.refresh())) return;
    for (const connection of this.#connections) {
      const { session } = connection;
      if (session === null) continue;
      const permissions = this.#permissionsOf(connection, session);
      if (permissions === null) connection.end(REASON.notAuthorized, 'users');
      else {
        connection.permissions = permissions;
        session.keepTo(permissions);
      }
    }
  }

  #permissionsOf(
    { certificateName }: ClientConnection,
    { user, clientId }: { readonly user: string | null; readonly clientId: string },
  ): Permissions | null {
    return this.#users.permissionsOf(user, clientId, certificateName !== undefined);
  }

  #sendSystemValues(nowMs: number): void {
    if (nowMs - this.#systemSentAtMs < SYSTEM_INTERVAL_MS) return;
    this.#systemSentAtMs = nowMs;
    for (const session of this.#sessions.values()) if (session.connected) session.sendSystemValues();
  }

  #systemValues(): SystemValue[] {
    const { mesh, version = '', nowMs } = this.#deps;
    const { messagesIn, messagesOut } = this.#counters.snapshot();
    const sessions = [...this.#sessions.values()];
    return systemValues({
      version: `sedge ${version}`.trim(),
      uptimeSeconds: Math.floor((nowMs() - this.#startedAtMs) / 1_000),
      connected: sessions.filter(({ connected }) => connected).length,
      sessions: sessions.length,
      subscriptions: sessions.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0),
      messagesIn,
      messagesOut,
      node: mesh.node,
      name: mesh.name,
    });
  }

  #inTurn<T>(clientId: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(clientId) ?? Promise.resolve()).catch(() => {}).then(task);
    this.#turns.set(clientId, turn);
    const forget = () => {
      if (this.#turns.get(clientId) === turn) this.#turns.delete(clientId);
    };
    turn.then(forget, forget);
    return turn;
  }
}

/** How long a session outlives its connection, seconds; `null` for ever. */
function expiryOf({ clean, properties }: ConnectRequest['packet'], version: number): number | null {
  if (version !== 5) return clean === true ? 0 : null;
  const seconds = properties?.sessionExpiryInterval ?? 0;
  return seconds === NEVER ? null : seconds;
}

function fault(reason: ReasonCode): PacketFault {
  return { reason, rule: 'limit' };
}
