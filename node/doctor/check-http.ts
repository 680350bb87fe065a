import { type Finding, ok, warn } from './finding.ts';

/** Where the HTTP API is; nothing where it is off. */
export function checkHttp(http: readonly string[] | null | undefined): Finding[] {
  if (http == null) return [];
  if (http.length > 0) return [ok('http', http.join(', '))];
  const next =
    'See which with "sudo ss -ltnp sport = :8420"; or name another port with "sedge start --http PORT", or --http off.';
  return [warn('http', 'another program has port 8420, so there is neither HTTP API nor dashboard', next)];
}
