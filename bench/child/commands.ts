import type { DeliveryReport } from '../delivery-ledger.ts';
import type { EndpointOptions } from './endpoint.ts';
import type { PublishReport, PublishRun } from './publish-run.ts';

/** What a child process is told to be. */
export type EndpointKind = 'library' | 'client' | 'gossipsub' | 'mqtt';

/** Commands to a child process and their answers, carried over its IPC channel. */
export interface ChildCommands {
  open(options: EndpointOptions & { readonly kind: EndpointKind }): { readonly addresses: readonly string[] };
  /** Starts to read; what arrives is counted by phase. */
  subscribe(options: { readonly order?: 'author' | 'arrival' }): null;
  /** Resolves when what is published now reaches a subscriber at a peer. */
  connected(options: { readonly timeoutMs: number }): null;
  publish(run: PublishRun): PublishReport;
  /** Ends a `publish` that is under way after its present message. */
  stopPublishing(options: Record<string, never>): null;
  /** How many messages of a phase have arrived. */
  delivered(options: { readonly phase: number }): number;
  /** Says how many messages a phase will have; before its first arrives. */
  expect(options: { readonly phase: number; readonly count: number }): null;
  /**
   * The report of a phase when all of it arrived and `settleMs` passed for what arrives twice, or when
   * `timeoutMs` ran out.
   */
  receive(options: {
    readonly phase: number;
    readonly timeoutMs: number;
    readonly settleMs: number;
  }): DeliveryReport;
  stored(options: Record<string, never>): number | null;
  close(options: Record<string, never>): null;
}

export type ChildCommand = keyof ChildCommands;
export type ChildOptions<C extends ChildCommand> = Parameters<ChildCommands[C]>[0];
export type ChildAnswer<C extends ChildCommand> = ReturnType<ChildCommands[C]>;

/** A command on its way to the child. */
export interface ChildRequest {
  readonly id: number;
  readonly command: ChildCommand;
  readonly options: unknown;
}

/** Its answer on the way back. */
export type ChildResponse =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string };
