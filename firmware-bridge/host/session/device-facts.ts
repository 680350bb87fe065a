/** A device's id: 8 bytes as 16 lower-case hexadecimal digits. */
export type DeviceId = string & { readonly brand: 'DeviceId' };

/** What a device reads or can do, as it registered it. */
export interface DeviceTopic {
  /** 1 to 255; of a command, the number that names it on the wire. */
  readonly id: number;
  readonly kind: 'reading' | 'command';
  /** Topic of its readings, or name of the command, as the device said it: not checked. */
  readonly name: string;
  /** `float`, `int`, `bool`, `text`, `bytes` or `any`; other texts of newer devices come as they are. */
  readonly type: string;
  /** Empty for none. */
  readonly unit: string;
}

/** What the host knows of a device before it speaks: from the device book. */
export interface KnownDevice {
  readonly id: DeviceId;
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** Highest epoch heard; 0 before the first. */
  readonly epoch: number;
  /** All readings of that epoch up to this counter are durable, or were reported as a gap that is; 0 for none. */
  readonly readingsDone: number;
  /** Of the topics kept; `null` to ask the device for them. */
  readonly topicsCrc: number | null;
  readonly topics: readonly DeviceTopic[];
  /** Where the device's 32-bit clock stood, to tell how often it has wrapped; missing where that is not known. */
  readonly uptime?: { readonly uptimeMs: number; readonly utcMs: number };
}

/** Why a device started anew. */
export type ResetCause = 'unknown' | 'power' | 'reset-pin' | 'brown-out' | 'watchdog' | 'software';

/** What a device says of itself when a session begins, its tag verified. */
export interface DeviceFacts {
  readonly id: DeviceId;
  readonly firmware: number;
  readonly epoch: number;
  readonly session: number;
  /** It has a signing key of its own. */
  readonly signs: boolean;
  readonly sleeps: boolean;
  readonly mtu: number;
  readonly window: number;
  readonly resetCause: ResetCause;
  readonly topicsCrc: number;
  /** Records that wait in its buffer; 65,535 stands for more too. */
  readonly queued: number;
  /** Readings that its full buffer lost in this epoch. */
  readonly dropped: number;
  /** Seconds that it may be silent; 0 for the default. */
  readonly silenceSeconds: number;
}

/** What a device counted since it started. */
export interface DeviceStats {
  readonly framesIn: number;
  readonly framesOut: number;
  readonly badCrc: number;
  readonly tooLong: number;
  readonly overruns: number;
  readonly sentAgain: number;
  readonly naks: number;
  readonly refused: number;
  readonly dropped: number;
  readonly freeBytes: number;
}

/** What came of a command. */
export type CommandStatus =
  | 'done'
  | 'failed'
  | 'unknown-command'
  | 'expired'
  | 'busy'
  | 'bad-arguments'
  /** Nobody can know: the device started anew after the command was sent. */
  | 'unknown';

/** A command for a device, until its result is there. */
export interface DeviceCommand {
  /**
   * Names the command to the device, which answers an id that it knows from memory: the same command, the same id,
   * also when the agent starts anew. 1 to 2^32 - 1.
   */
  readonly id: number;
  /** Name as the device registered it. */
  readonly name: string;
  /** One CBOR item. */
  readonly args: Uint8Array;
  /** By the host's `nowMs`; `null` for no deadline. */
  readonly expiresAtMs: number | null;
  /** The epoch in which it was sent; `null` if it was not yet. */
  readonly sentInEpoch: number | null;
}
