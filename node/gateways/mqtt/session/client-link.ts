import type { ProtocolVersion } from '../packet/frame.ts';
import type { ServerPacket } from '../packet/packet-codec.ts';
import type { ReasonCode } from '../packet/reason-code.ts';
import type { Permissions } from '../users/permissions.ts';

/** The connection of a session as the session sees it. */
export interface ClientLink {
  readonly version: ProtocolVersion;
  /** Messages of QoS 1 and 2 that the client takes without an answer to their end. */
  readonly receiveMaximum: number;
  /** What the client may do, as of now. */
  readonly permissions: Permissions;
  /** True until the connection ends. */
  readonly open: boolean;
  /** False while what was sent has not left: wait for `whenWritable`. */
  readonly writable: boolean;
  /** Resolves once more can be sent, or the connection has ended. */
  whenWritable(): Promise<void>;
  /** Sends a packet; `false` for one that is larger than the client takes, which is not sent. */
  send(packet: ServerPacket): boolean;
  /** Ends the connection for a reason. */
  end(reason: ReasonCode, rule: string): void;
}
