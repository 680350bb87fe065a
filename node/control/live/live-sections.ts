import type { ApiParts } from '../api-parts.ts';

/** A part of the node's state that live views are told of when it changes. */
export interface LiveSection {
  readonly name: string;
  /** Read at most so often, however many look. */
  readonly everyMs: number;
  readonly read: () => unknown;
}

/** Rows of a section; its `total` says how many there are. */
const ROWS_MAX = 500;

/** What a live view shows beside topics; each is what the route of the same name answers. */
export function liveSections(parts: ApiParts): LiveSection[] {
  const { mesh, mqtt = null, bridges = null, alerts = null, telemetry, devices, agentFacts } = parts;
  const facts = agentFacts();
  const sections: (LiveSection | null)[] = [
    { name: 'status', everyMs: 1_000, read: () => ({ ...mesh.status(), agent: agentFacts() }) },
    { name: 'peers', everyMs: 1_000, read: () => mesh.peers() },
    { name: 'absent', everyMs: 3_000, read: () => mesh.absentPeers() },
    { name: 'realm', everyMs: 10_000, read: () => mesh.realm() },
    { name: 'gaps', everyMs: 3_000, read: () => limited(mesh.gaps()) },
    { name: 'forks', everyMs: 10_000, read: () => limited(mesh.forks()) },
    alerts === null ? null : { name: 'alerts', everyMs: 1_000, read: () => alerts.report() },
    telemetry === undefined ? null : { name: 'telemetry', everyMs: 1_000, read: () => telemetry.snapshot() },
    mqtt === null
      ? null
      : {
          name: 'mqtt',
          everyMs: 2_000,
          read: () => ({ ...mqtt.status(), clients: limited(mqtt.clients()) }),
        },
    bridges === null ? null : { name: 'bridges', everyMs: 2_000, read: () => bridges.status() },
    // To ask loads the bridge's code, which an agent without ports does not need.
    Array.isArray(facts.serial) && facts.serial.length > 0
      ? { name: 'devices', everyMs: 2_000, read: () => devices.devices() }
      : null,
    Array.isArray(facts.serial) && facts.serial.length > 0
      ? { name: 'ports', everyMs: 2_000, read: () => devices.ports() }
      : null,
  ];
  return sections.filter((section) => section !== null);
}

/** The first rows, and how many there are. */
function limited<Row>(rows: readonly Row[]): { readonly total: number; readonly rows: readonly Row[] } {
  return { total: rows.length, rows: rows.length > ROWS_MAX ? rows.slice(0, ROWS_MAX) : rows };
}
