import { randomBytes } from 'node:crypto';
import { Counters, type Log, partLog, silentLog } from '../errors/index.ts';
import { NodeDisk } from '../journal/index.ts';
import { Libp2pOverlay, OfflineOverlay, type Overlay } from '../overlay/index.ts';
import { Realm, readRealmDirectory } from '../realm/index.ts';
import { KeptAddressBook } from './kept-address-book.ts';
import { Mesh, type MeshDependencies } from './mesh.ts';
import type { MeshOptions } from './mesh-options.ts';

/** Options of {@link openMesh}. */
export interface OpenMeshOptions extends MeshOptions {
  /** Multiaddrs to listen on. @defaultValue any port on all addresses */
  readonly listen?: readonly string[];
  /** Multiaddrs of peers to keep connected for ever. @defaultValue none */
  readonly peers?: readonly string[];
  /** Find peers on the local network. @defaultValue `true` */
  readonly mdns?: boolean;
  /** Connect to other peers than the given ones: those of the invitation and those found. @defaultValue `true` */
  readonly discovery?: boolean;
  /** `false` for work on the directory alone, such as an export: nobody is connected. @defaultValue `true` */
  readonly network?: boolean;
  /** @defaultValue a log that writes nothing */
  readonly log?: Log;
}

/**
 * A node on the real network and disk, from a directory made by `initRealmDirectory` or `joinRealmDirectory`;
 * not started yet. One process a directory: the caller sees to that (the agent locks it). Throws
 * `realm.missing`, `realm.damaged`, the codes of `readKeyFile` and `overlay.bad-address`.
 */
export async function openMesh(options: OpenMeshOptions): Promise<Mesh> {
  const { directory, discovery = true } = options;
  const log = partLog(options.log ?? silentLog, 'mesh');
  const found = await readRealmDirectory(directory);
  const place = discovery ? found : { ...found, addresses: [] };
  const realm = new Realm(place.anchor);
  const disk = new NodeDisk();
  const counters = new Counters();
  const nowMs = () => Date.now();
  const overlay =
    options.network === false
      ? new OfflineOverlay(place.identity.nodeId)
      : networkOf(options, { place, realm, disk, counters, nowMs, log });
  const random = Math.random;
  return new Mesh(options, { place, realm, overlay, disk, nowMs, random, randomBytes, counters, log });
}

function networkOf(
  { directory, listen, peers = [], mdns = true, discovery = true }: OpenMeshOptions,
  parts: Pick<MeshDependencies, 'place' | 'realm' | 'disk' | 'counters' | 'nowMs' | 'log'>,
): Overlay {
  const { place, realm, disk, counters, nowMs, log } = parts;
  const overlay = new Libp2pOverlay(
    {
      seed: place.identity.seed,
      networkSecret: place.anchor.networkSecret,
      realmId: place.anchor.id,
      mdns: mdns && discovery,
      discovery,
      ...(listen === undefined ? {} : { listen }),
    },
    {
      log: partLog(log, 'overlay'),
      counters,
      nowMs,
      random: Math.random,
      addressBook: new KeptAddressBook(disk, directory),
      admits: (node) => realm.standing(node).status !== 'revoked',
    },
  );
  for (const address of peers) overlay.want(address, 'given');
  return overlay;
}
