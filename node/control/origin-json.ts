import { Buffer } from 'node:buffer';
import type { Origin } from '../../src/index.ts';

/** An origin for JSON: as the library has it, with bytes as base64. */
export type OriginJson = Omit<Origin, 'signature' | 'value' | 'extra'> & {
  readonly signatureBase64?: string;
  readonly valueBase64?: string;
};

/** An origin for JSON; what this version does not know of it is left out. */
export function originToJson(origin: Origin): OriginJson {
  const { signature, value, extra: _, ...fields } = origin;
  return {
    ...fields,
    ...(signature === undefined ? {} : { signatureBase64: base64(signature) }),
    ...(value === undefined ? {} : { valueBase64: base64(value) }),
  };
}

/** The origin that JSON stands for, bounds unchecked: they are the mesh's to check. */
export function originFromJson({ signatureBase64, valueBase64, ...fields }: OriginJson): Origin {
  return {
    ...fields,
    ...(signatureBase64 === undefined ? {} : { signature: Buffer.from(signatureBase64, 'base64') }),
    ...(valueBase64 === undefined ? {} : { value: Buffer.from(valueBase64, 'base64') }),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
