/**
 * A multiaddr as people write addresses: `192.168.1.30:7600`; as it is where it is more than host and port.
 * @param {string} address
 */
export function addressText(address) {
  const [, kind, host, port] =
    /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(address) ?? [];
  if (host === undefined) return address;
  return kind === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`;
}
