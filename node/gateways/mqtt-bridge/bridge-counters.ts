/** What a bridge counts since its start. */
export interface BridgeCounters {
  /** Messages that the broker has answered for. */
  out: number;
  /** Sent before by another node. */
  outByOthers: number;
  /** Came in by this bridge, and so stay in the mesh. */
  outOwn: number;
  /** Topics, sizes or contents that the broker takes never. */
  outRefused: number;
  /** Lifetime over before the broker could be reached. */
  outExpired: number;
  /** Messages that the mesh could not give, as nobody held them or retention took them. */
  outMissing: number;
  in: number;
  /** The broker sent them again, and they were in the mesh already. */
  inAgain: number;
  /** Came from this realm. */
  inEchoes: number;
  /** Retained values that the mesh has already. */
  inKnown: number;
  /** Topics or contents that the mesh takes never, and what no rule takes. */
  inRefused: number;
  /** Messages that two nodes brought in, as was found out later. */
  duplicates: number;
  /** Signs of a loop. */
  loops: number;
}

/** All zero. */
export function newBridgeCounters(): BridgeCounters {
  return {
    out: 0,
    outByOthers: 0,
    outOwn: 0,
    outRefused: 0,
    outExpired: 0,
    outMissing: 0,
    in: 0,
    inAgain: 0,
    inEchoes: 0,
    inKnown: 0,
    inRefused: 0,
    duplicates: 0,
    loops: 0,
  };
}
