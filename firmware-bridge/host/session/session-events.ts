import type {
  CommandStatus,
  DeviceCommand,
  DeviceFacts,
  DeviceId,
  DeviceStats,
  DeviceTopic,
  KnownDevice,
} from './device-facts.ts';

/** Names what the bridge is asked to take; never used twice by one session state. An unknown one is ignored. */
export type Ticket = number & { readonly brand: 'Ticket' };

/** What a session asks while it handles an event: answers come at once, and nothing is changed by asking. */
export interface SessionView {
  /** The device of that id; `null` if the book has none. Asked again whenever a device says hello. */
  deviceOf(id: DeviceId): KnownDevice | null;
  /** Random bytes for the host's nonces. */
  randomBytes(length: number): Uint8Array;
  /** Time for the device, ms since 1970; 0 if this host does not know it. */
  utcMs(): number;
}

/** What happens to a port. All times are of one clock of the host that never goes back. */
export type SessionEvent =
  | { readonly kind: 'opened' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The time that `wakeAtMs` names has come. Early or late does no harm. */
  | { readonly kind: 'wake' }
  /** What the ticket stands for is durable (or accepted, where the user chose so). */
  | { readonly kind: 'done'; readonly ticket: Ticket }
  /**
   * Will never be taken. A reading: it is acknowledged all the same, and comes back as a gap of reason `refused`. A
   * `greeting`: the device is let go and greeted again after 10 s.
   */
  | { readonly kind: 'refused'; readonly ticket: Ticket }
  /** Whether the mesh can take more: without room the device is told to wait. */
  | { readonly kind: 'room'; readonly hasRoom: boolean }
  /** To be done by the device of this session; handed back with `offline` if that ends first. */
  | { readonly kind: 'command'; readonly command: DeviceCommand }
  /**
   * Give a device without a key this one. The book must have the device already: a crash after this must not lose
   * the only copy of the key.
   */
  | { readonly kind: 'provision'; readonly offer: ProvisionOffer }
  /** The book changed (a device came or went): greet the device of the port now, under a new session. */
  | { readonly kind: 'greet' }
  /** Whether a `frame` effect is given for each frame from now on. */
  | { readonly kind: 'trace'; readonly on: boolean };

/** A device's id and key, to be written into it. */
export interface ProvisionOffer {
  readonly deviceId: DeviceId;
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** Its first epoch will be one higher. */
  readonly epochFloor: number;
  /** Also if the device has a key already; it takes it only where its sketch allows that. */
  readonly force?: boolean;
}

/** What a session wants done. Effects are carried out in their order. */
export type SessionEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | GreetingEffect
  /** The session serves now. `topics` is `null` if the device is asked for them: a `topics` effect will follow. */
  | {
      readonly kind: 'online';
      readonly device: DeviceFacts;
      readonly topics: readonly DeviceTopic[] | null;
    }
  /** All topics of the device, to be kept with their CRC. */
  | {
      readonly kind: 'topics';
      readonly deviceId: DeviceId;
      readonly topics: readonly DeviceTopic[];
      readonly topicsCrc: number;
    }
  | ReadingEffect
  | GapEffect
  | ResultEffect
  | { readonly kind: 'command-sent'; readonly id: number; readonly epoch: number }
  | { readonly kind: 'stats'; readonly deviceId: DeviceId; readonly stats: DeviceStats }
  /** The device's clock said `uptimeMs` at some time between `sentAtMs` and `heardAtMs`. */
  | {
      readonly kind: 'time';
      readonly deviceId: DeviceId;
      readonly epoch: number;
      readonly sentAtMs: number;
      readonly heardAtMs: number;
      readonly uptimeMs: number;
    }
  /** Nothing was heard for too long; `heard` says that it speaks again. */
  | { readonly kind: 'silent'; readonly deviceId: DeviceId; readonly sinceMs: number }
  | { readonly kind: 'heard'; readonly deviceId: DeviceId }
  /** The session is over; another may follow at once. What has no result yet is handed back. */
  | {
      readonly kind: 'offline';
      readonly deviceId: DeviceId;
      readonly cause: OfflineCause;
      readonly commands: readonly DeviceCommand[];
    }
  /** The port is dead or nobody speaks there: close it and open it again. `heard`: somebody did since it was opened. */
  | { readonly kind: 'reopen'; readonly heard: boolean }
  | DeviceRefusedEffect
  /** A device without a key is there. */
  | { readonly kind: 'unprovisioned'; readonly firmware: number }
  | { readonly kind: 'provisioned'; readonly deviceId: DeviceId }
  | {
      readonly kind: 'provision-failed';
      readonly deviceId: DeviceId;
      /** Nobody answered, with a key already, or the tag of the answer is wrong. */
      readonly cause: 'no-answer' | 'has-key' | 'bad-tag';
    }
  /**
   * Somebody may be at work: to be told to people. At most one a second of each cause; `count` is how many came
   * since the one before.
   */
  | {
      readonly kind: 'alarm';
      readonly deviceId: DeviceId | null;
      readonly cause: AlarmCause;
      readonly count: number;
    }
  /** Text of the sketch, without control characters: to be shown, never trusted. */
  | { readonly kind: 'text'; readonly level: LogLevel | null; readonly text: string }
  /** A frame that came or went, only where the options ask for them. */
  | {
      readonly kind: 'frame';
      readonly from: 'device' | 'host';
      readonly type: string;
      readonly seq: number;
      readonly ack: number;
      readonly bytes: number;
      readonly again: boolean;
      readonly notReady: boolean;
    };

/**
 * A device proved that it is known, and nothing is taken from it yet: keep its epoch, then answer `done`. The
 * `gap` effects after it report what an earlier epoch lost, with tickets of their own; the session serves
 * (`online`) once all are done.
 */
export interface GreetingEffect {
  readonly kind: 'greeting';
  readonly ticket: Ticket;
  readonly device: DeviceFacts;
}

/** A reading, verified and in order. It is acknowledged once its ticket is done. */
export interface ReadingEffect {
  readonly kind: 'reading';
  readonly ticket: Ticket;
  readonly deviceId: DeviceId;
  readonly epoch: number;
  readonly counter: number;
  readonly topic: DeviceTopic;
  /** When it was taken: device's ms since it started, unwrapped. */
  readonly uptimeMs: number;
  readonly heardAtMs: number;
  /** What goes into the mesh. */
  readonly payload: Uint8Array;
  /** `null` for JSON. */
  readonly contentType: 'text/plain' | 'application/octet-stream' | null;
  /** The very CBOR item that the device sent. */
  readonly value: Uint8Array;
  /** Ed25519, by the device; not checked here. */
  readonly signature: Uint8Array | null;
  /** Durable already by the book: the acknowledgement got lost. To be done without publishing again. */
  readonly isKnown: boolean;
}

/** Readings that will not come. */
export interface GapEffect {
  readonly kind: 'gap';
  readonly ticket: Ticket;
  readonly deviceId: DeviceId;
  readonly epoch: number;
  /** Last epoch of several that nothing was heard of; missing for one epoch. */
  readonly throughEpoch?: number;
  readonly first: number;
  /** `null` if the device does not know how many it had taken. */
  readonly last: number | null;
  /**
   * `buffer-full`: the device dropped them, by its own word. `reset`: they were not sent before it started anew.
   * `lost`: a hole in its counters that it did not explain. `refused`: they came and could not be taken.
   */
  readonly reason: 'buffer-full' | 'reset' | 'lost' | 'refused';
}

/** What came of a command. `ticket` is `null` where the host itself knows. */
export interface ResultEffect {
  readonly kind: 'result';
  readonly ticket: Ticket | null;
  /** `null` for a command that came while there was no session: `busy`. */
  readonly deviceId: DeviceId | null;
  /** Of the command; of an earlier life of the agent too. */
  readonly id: number;
  readonly status: CommandStatus;
  /** JSON text of the value, if there is one. */
  readonly value: string | null;
}

/** A device that gets no session. */
export interface DeviceRefusedEffect {
  readonly kind: 'device-refused';
  /** `null` if it did not say one that can be read. */
  readonly deviceId: DeviceId | null;
  readonly cause: 'unknown-device' | 'bad-tag' | 'lower-epoch' | 'wrong-protocol' | 'by-bridge';
  /** The device's, where it is another than the host's. */
  readonly protocol?: number;
}

/** Why a session ended. */
export type OfflineCause =
  /** The port was closed. */
  | 'closed'
  /** The device started anew, or began another session. */
  | 'reset'
  /** Nothing was heard from it for too long. */
  | 'silent'
  /** Too many records in a row did not verify, or a gap in the link was never filled. */
  | 'broken'
  /** The bridge asked for it. */
  | 'greeted';

/** What may be an attack. */
export type AlarmCause =
  | 'bad-tag'
  | 'replayed'
  | 'unsealed'
  | 'unknown-device'
  | 'lower-epoch'
  | 'unexpected-record';

/** Of a LOG frame. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
