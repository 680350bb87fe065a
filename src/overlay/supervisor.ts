import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { type ErrorCode, type Log, SedgeError } from '../errors/index.ts';
import { type NodeId, publicKeyOf } from '../identity/index.ts';
import { dialFailure } from './dial-failure.ts';
import type { PeerInfo, PeerSource } from './overlay.ts';
import type { AddressBook, AddressBookRow } from './overlay-options.ts';
import {
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorLimits,
  SupervisorState,
} from './supervisor-state.ts';

/** The address book is written at most this often, unless somebody named or removed a peer. */
const SAVE_MS_MIN = 60_000;

/** Addresses that there is a transport for; `memory` is the simulations'. */
const FORMS = /^((ip4|(ip6zone\/)?ip6|dns|dns4|dns6)\/tcp|memory)$/;

/** What the supervisor works with. */
export interface SupervisorParts {
  readonly limits: SupervisorLimits;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly addressBook: AddressBook;
  readonly dial: (address: Multiaddr, timeoutMs: number) => Promise<NodeId>;
  readonly hangUp: (node: NodeId) => void;
}

/** Carries out what {@link SupervisorState} decides: timers, dials, the address book. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #state: SupervisorState;
  #phase: 'new' | 'running' | 'stopped' = 'new';
  /** What follows from what was wished and what happened before the start. */
  readonly #early: SupervisorEffect[] = [];
  #timer: NodeJS.Timeout | null = null;
  #saveTimer: NodeJS.Timeout | null = null;
  #savedMs = Number.NEGATIVE_INFINITY;
  #savedRows = '';
  #saving: Promise<void> = Promise.resolve();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#state = new SupervisorState(parts.limits);
  }

  /** Takes up the remembered peers and starts to dial. */
  async start(): Promise<void> {
    const rows = await this.#parts.addressBook.load();
    this.#savedRows = comparable(rows);
    this.#phase = 'running';
    for (const effect of this.#early.splice(0)) this.#carryOut(effect);
    // Named peers came first: a remembered one may be the same.
    for (const row of rows) this.tell({ kind: 'restored', row });
    this.#arm();
  }

  /** Stops dialing and writes the address book a last time. */
  async stop(): Promise<void> {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopped';
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    this.#timer = null;
    this.#saveTimer = null;
    this.#save();
    await this.#saving;
  }

  /** Keeps the peer at the address connected. Throws `overlay.bad-address`. */
  want(address: string, source: PeerSource): void {
    const node = nodeOfAddress(address);
    this.tell({ kind: 'want', address: address.trim(), node, source });
  }

  /** All known peers. */
  peers(): PeerInfo[] {
    return this.#state.peers();
  }

  /**
   * Hands an event to the state and carries out what follows; before the start it is kept for it. The state knows of it at
   * once: a peer may call while the address book is being read, and who hears that it is up asks for it.
   */
  tell(event: SupervisorEvent): void {
    const effects = this.#state.handle(event, this.#parts.nowMs());
    if (this.#phase === 'new') this.#early.push(...effects);
    if (this.#phase !== 'running') return;
    for (const effect of effects) this.#carryOut(effect);
    this.#arm();
  }

  #carryOut(effect: SupervisorEffect): void {
    switch (effect.kind) {
      case 'dial':
        void this.#dial(effect);
        break;
      case 'hang-up':
        this.#parts.hangUp(effect.node);
        break;
      case 'remember':
        this.#remember(effect.important);
        break;
    }
  }

  async #dial({ target, address, timeoutMs }: Extract<SupervisorEffect, { kind: 'dial' }>): Promise<void> {
    try {
      const node = await this.#parts.dial(multiaddr(address), timeoutMs);
      this.tell({ kind: 'dial-done', target, node, address });
    } catch (error) {
      const code = dialFailure(error);
      if (code === 'self') {
        this.tell({ kind: 'dial-done', target, node: this.#parts.limits.self, address });
        return;
      }
      this.#logFailure(address, code, error);
      this.tell({ kind: 'dial-failed', target, code });
    }
  }

  #logFailure(address: string, code: ErrorCode, error: unknown): void {
    this.#parts.log.debug({ address, code, error: String(error) }, 'a dial failed');
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const dueMs = this.#state.nextDueMs();
    if (dueMs === null) return;
    const waitMs = Math.max(1, dueMs - this.#parts.nowMs());
    this.#timer = setTimeout(() => this.tell({ kind: 'tick' }), Math.min(waitMs, 60_000));
  }

  #remember(important: boolean): void {
    const waitMs = important ? 0 : Math.max(0, this.#savedMs + SAVE_MS_MIN - this.#parts.nowMs());
    if (this.#saveTimer !== null) {
      if (!important) return;
      clearTimeout(this.#saveTimer);
    }
    this.#saveTimer = setTimeout(() => {
      this.#saveTimer = null;
      this.#save();
    }, waitMs);
  }

  /** Flash memory dies of bytes written: rows that are the same but for the time are not written again. */
  #save(): void {
    const rows = this.#state.rows();
    const text = comparable(rows);
    if (text === this.#savedRows) return;
    this.#savedRows = text;
    this.#savedMs = this.#parts.nowMs();
    this.#saving = this.#saving
      .then(() => this.#parts.addressBook.save(rows))
      .catch((error: unknown) => {
        this.#parts.log.warn({ error: String(error) }, 'the address book could not be saved');
      });
  }
}

function comparable(rows: readonly AddressBookRow[]): string {
  return JSON.stringify(rows.map((row) => [row.node, row.source, [...row.addresses].sort()]));
}

/** The `/p2p/` part of an address that can be dialed, `null` without one. Throws `overlay.bad-address`. */
export function nodeOfAddress(address: string): NodeId | null {
  try {
    const components = multiaddr(address.trim()).getComponents();
    const id = components.at(-1)?.name === 'p2p' ? components.pop()?.value : undefined;
    const form = components.map((component) => component.name).join('/');
    const isKey = id === undefined || publicKeyOf(id) !== null;
    if (FORMS.test(form) && isKey) return (id ?? null) as NodeId | null;
  } catch (cause) {
    throw new SedgeError('overlay.bad-address', { address }, { cause });
  }
  throw new SedgeError('overlay.bad-address', { address });
}
