import {
  initRealmDirectory,
  isRealmDirectory,
  type Mesh,
  openMesh,
  readRealmDirectory,
} from '../../src/index.ts';
import { defaultName } from '../node-directory.ts';
import type { AgentParts } from './agent-parts.ts';
import { defaultStorageMax } from './default-storage-max.ts';
import { onFreePort } from './free-port.ts';
import { hasAlerts } from './start-alerts.ts';

/** Starts the mesh of a directory, and makes a realm first where it has none. Nothing is left open if it throws. */
export async function startMesh(parts: AgentParts): Promise<Mesh> {
  await ensureRealm(parts);
  const { listen } = parts.settings;
  if (listen !== undefined) return startMeshOn(listen, parts);
  return onFreePort((port) => startMeshOn([`/ip4/0.0.0.0/tcp/${port}`], parts));
}

async function ensureRealm({ directory, settings, log }: AgentParts): Promise<void> {
  if (await isRealmDirectory(directory)) {
    const { nodeName } = await readRealmDirectory(directory);
    if (settings.name === undefined || settings.name === nodeName) return;
    log.warn({ name: nodeName, asked: settings.name }, 'the name of a node is part of its grant and stays');
    return;
  }
  const names = { realmName: defaultName(), nodeName: settings.name ?? defaultName() };
  await initRealmDirectory(directory, names);
  log.info({ directory, ...names }, 'made a new realm, as the directory had none; "sedge invite" adds nodes');
}

async function startMeshOn(listen: readonly string[], parts: AgentParts): Promise<Mesh> {
  const mesh = await openAgentMesh(listen, parts);
  try {
    await mesh.start();
  } catch (error) {
    await mesh.stop().catch(() => {});
    throw error;
  }
  return mesh;
}

async function openAgentMesh(
  listen: readonly string[],
  { directory, settings, log }: AgentParts,
): Promise<Mesh> {
  const { peers, mdns, discovery, commitIntervalMs, retention } = settings;
  const { storageMax = await defaultStorageMax(directory) } = settings;
  return openMesh({
    directory,
    log,
    listen,
    alerts: hasAlerts(settings),
    storageBytesMax: storageMax,
    ...(retention === undefined ? {} : { retention }),
    ...(peers === undefined ? {} : { peers }),
    ...(mdns === undefined ? {} : { mdns }),
    ...(discovery === undefined ? {} : { discovery }),
    ...(commitIntervalMs === undefined ? {} : { commitIntervalMs }),
  });
}
