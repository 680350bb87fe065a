import type { AlertsMesh } from './alerts-mesh.ts';

/** Tells who was revoked. The realm is asked once, and only if somebody is asked about. */
export function revokedNodes(mesh: AlertsMesh): (node: string) => boolean {
  let revoked: ReadonlySet<string> | null = null;
  return (node) => {
    revoked ??= new Set(mesh.realm().nodes.flatMap((one) => (one.status === 'revoked' ? [one.node] : [])));
    return revoked.has(node);
  };
}
