import type { Ed25519Backend } from './ed25519-backend.ts';
import { nativeEd25519 } from './native-ed25519.ts';

let inUse: Ed25519Backend = nativeEd25519;

/** The backend that checks every signature of this process. */
export function ed25519InUse(): Ed25519Backend {
  return inUse;
}

/**
 * Lets another backend check every signature of this process; returns how to undo that. All give the same verdict
 * for any bytes, so what changes is what a check costs.
 */
export function useEd25519(backend: Ed25519Backend): () => void {
  const before = inUse;
  inUse = backend;
  return () => {
    inUse = before;
  };
}
