import { isIP } from 'node:net';

/**
 * Whether a request's `Host` is a name of this node: an IP address, localhost, or one of those given (in lower case). A
 * web page that had its own name point here (DNS rebinding) sends that name, and is found out by it. The port is not
 * looked at: it says nothing of who asks.
 */
export function isOwnHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (host === undefined) return false;
  const match = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:/@[\]]+))(?::\d{1,5})?$/i.exec(host);
  if (match === null) return false;
  const { v6, name = '' } = match.groups!;
  if (v6 !== undefined) return isIP(v6) === 6;
  return isIP(name) === 4 || name.toLowerCase() === 'localhost' || names.has(name.toLowerCase());
}

/**
 * Whether a request comes from a page that may use this API: one of its own, one of an origin given, or from no page at
 * all. Browsers name the `Origin` with whatever a page of another site may send without asking (CSRF), and for a
 * WebSocket, which asks nobody.
 */
export function isOwnOrigin(
  { origin, host }: { readonly origin: string | undefined; readonly host: string | undefined },
  origins: ReadonlySet<string>,
): boolean {
  if (origin === undefined) return true;
  const own = host?.toLowerCase();
  return origin === `http://${own}` || origin === `https://${own}` || origins.has(origin);
}

/**
 * Whether a browser says that another site's page makes it ask, without naming the page: an image, a script, a form of old.
 * A link that a person follows is none.
 */
export function isForeignFetch(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return headers['sec-fetch-mode'] !== 'navigate' || headers['sec-fetch-dest'] !== 'document';
}
