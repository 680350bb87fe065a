/**
 * Makes a realm and its nodes' directories, one a name in `directories`: the first founds it, the others join
 * by token. No node runs afterwards.
 */
export async function makeRealm(directories: readonly string[]): Promise<void> {
  const [founder, ...members] = directories;
  if (founder === undefined) return;
  // Loaded here, so that a run of gossipsub alone and a wrong option do without it.
  const { initRealmDirectory, joinRealmDirectory, openMesh } = await import('../src/index.ts');
  await initRealmDirectory(founder, { realmName: 'bench', nodeName: 'node-1' });
  if (members.length === 0) return;
  // Listens on a port of its own: the addresses in the token lead nowhere later, and only given peers count.
  const mesh = await openMesh({
    directory: founder,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    discovery: false,
  });
  await mesh.start();
  try {
    const { token } = await mesh.invite({ uses: members.length });
    for (const [index, directory] of members.entries()) {
      await joinRealmDirectory(directory, token, { nodeName: `node-${index + 2}`, nowMs: Date.now() });
    }
  } finally {
    await mesh.stop();
  }
}
