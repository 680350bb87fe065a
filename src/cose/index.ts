export { isAcceptableKey, PUBLIC_KEY_BYTES } from './acceptable-key.ts';
export { type Cose1, parseCose1, signCose1, verifyCose1 } from './cose-sign1.ts';
export type { Ed25519Backend } from './ed25519-backend.ts';
export { useEd25519 } from './ed25519-in-use.ts';
export { memoizedEd25519 } from './memoized-ed25519.ts';
export { nativeEd25519 } from './native-ed25519.ts';
export { portableEd25519 } from './portable-ed25519.ts';
export type { SigningKey } from './signing-key.ts';
export { verifySignature } from './verify-signature.ts';
