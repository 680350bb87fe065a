/** The TCP port in a multiaddr such as `/ip4/127.0.0.1/tcp/4001/p2p/12D3…`. Throws if it has none. */
export function tcpPortOf(address: string): number {
  const match = /\/tcp\/(\d+)/.exec(address);
  if (match === null) throw new Error(`No TCP port in the address ${address}.`);
  return Number(match[1]);
}

/** The same multiaddr with another TCP port, as when a link stands between. */
export function withTcpPort(address: string, port: number): string {
  return address.replace(/\/tcp\/\d+/, `/tcp/${port}`);
}
