import { TopicFilter } from '../../../../src/index.ts';
import type { RouteScope } from '../../../control/route-plugin.ts';

/** What a token is good for: `read`, `publish:FILTER` or `admin`, which is everything. */
export type TokenScope = 'read' | 'admin' | `publish:${string}`;

/** Rights that a caller has, however it came to them. Pure. */
export class Rights {
  readonly #read: boolean;
  readonly #admin: boolean;
  readonly #publish: readonly TopicFilter[];

  constructor(scopes: readonly TokenScope[]) {
    this.#admin = scopes.includes('admin');
    this.#read = this.#admin || scopes.includes('read');
    this.#publish = scopes.flatMap((scope) => publishFilterOf(scope) ?? []);
  }

  /** Whether a route of that scope may be called. Which topics may be published on is {@link Rights.mayPublish}. */
  mayCall(scope: RouteScope): boolean {
    switch (scope) {
      case 'open':
        return true;
      case 'read':
        return this.#read;
      case 'publish':
        return this.#admin || this.#publish.length > 0;
      case 'admin':
        return this.#admin;
    }
  }

  mayPublish(topic: string): boolean {
    return this.#admin || this.#publish.some((filter) => filter.matches(topic));
  }
}

/** Reads a scope; `null` for anything else. `publish` alone is every topic. */
export function parseScope(text: string): TokenScope | null {
  if (text === 'read' || text === 'admin') return text;
  if (text === 'publish') return 'publish:#';
  const filter = /^publish:(.+)$/s.exec(text)?.[1];
  return filter !== undefined && TopicFilter.parse(filter).ok ? `publish:${filter}` : null;
}

function publishFilterOf(scope: TokenScope): TopicFilter | null {
  if (!scope.startsWith('publish:')) return null;
  const filter = TopicFilter.parse(scope.slice('publish:'.length));
  return filter.ok ? filter.value : null;
}
