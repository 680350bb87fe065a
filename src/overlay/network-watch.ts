import { networkInterfaces } from 'node:os';

/**
 * The machine's addresses as one text: it changes when a cable is plugged in, a Wi-Fi joined, a lease renewed.
 * Node has no event for it.
 */
export function networkFingerprint(): string {
  const addresses: string[] = [];
  for (const [name, infos] of Object.entries(networkInterfaces())) {
    for (const info of infos ?? []) addresses.push(`${name} ${info.address}`);
  }
  return addresses.sort().join('\n');
}
