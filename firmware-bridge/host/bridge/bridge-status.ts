/** A device of this node's book, and how it is. Never holds its key. */
export interface DeviceStatus {
  /** 16 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** `silent`: its session stands, and nothing came for too long. `never-seen`: added by hand, or it took no key. */
  readonly state: 'online' | 'silent' | 'offline' | 'never-seen';
  /** Since when it is in that state, ms since 1970; `null` before the first. */
  readonly sinceMs: number | null;
  /** Where it is, or was last. */
  readonly port: string | null;
  readonly firmware: number | null;
  /** Its boot: one more each time. */
  readonly epoch: number | null;
  readonly resetCause: string | null;
  /** Readings that came since the bridge started, of them twice, reported as lost, refused; and alarms. */
  readonly readings: number;
  readonly duplicates: number;
  readonly lost: number;
  readonly refused: number;
  readonly alarms: number;
  readonly lastHeardMs: number | null;
  readonly topics: readonly {
    readonly id: number;
    readonly name: string;
    readonly type: string;
    readonly unit: string;
  }[];
  /** Names of what it can do. */
  readonly commands: readonly string[];
  /** Commands that wait for the device or for its answer. */
  readonly waitingCommands: number;
  /** Put before the topics of its readings. */
  readonly prefix: string | null;
  /** What these topics must match, with the prefix. */
  readonly topicsFilter: readonly string[] | null;
  /** Readings that it did not sign itself are refused. */
  readonly selfSigning: boolean;
  readonly addedAtMs: number;
}

/** A serial port of the settings, or one that was found. */
export interface PortStatus {
  /** As it was given, or its device file. */
  readonly path: string;
  /** `given` by the settings, or found by `auto`. */
  readonly source: 'given' | 'auto';
  readonly baudRate: number | null;
  readonly state: 'open' | 'opening' | 'closed' | 'released';
  /** Id of the device that spoke there last, whether it is known or not. */
  readonly deviceId: string | null;
  /** Its name in the book. */
  readonly device: string | null;
  /** Whether the device there has a key; `null` where none spoke. */
  readonly provisioned: boolean | null;
  /** What keeps it from being open or used. */
  readonly problem: { readonly code: string; readonly detail: string } | null;
  /** Frames, bytes and what was refused, by cause, since the bridge started. */
  readonly counters: Readonly<Record<string, number>>;
}
