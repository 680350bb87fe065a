import { TopicFilter } from '../../../../src/index.ts';

/** What a user may do. In a pattern `%u` stands for the user's name and `%c` for the client's id. */
export interface PermissionPatterns {
  /** Topics to publish on, as filters. */
  readonly publish: readonly string[];
  /** What to subscribe to: any filter whose topics are all within one of these. */
  readonly subscribe: readonly string[];
}

/** Who a client is. */
export interface ClientName {
  readonly user: string | null;
  readonly clientId: string;
}

/** What a client may do. Pure. */
export class Permissions {
  /** Everything. */
  static readonly ALL = new Permissions([['#']], [['#']]);

  readonly #publish: readonly (readonly string[])[];
  readonly #subscribe: readonly (readonly string[])[];

  private constructor(publish: readonly (readonly string[])[], subscribe: readonly (readonly string[])[]) {
    this.#publish = publish;
    this.#subscribe = subscribe;
  }

  /** The permissions of a client by the patterns of its user. */
  static of({ publish, subscribe }: PermissionPatterns, name: ClientName): Permissions {
    const levels = (patterns: readonly string[]) => patterns.flatMap((pattern) => levelsOf(pattern, name));
    return new Permissions(levels(publish), levels(subscribe));
  }

  mayPublish(topic: string): boolean {
    const levels = topic.split('/');
    return this.#publish.some((pattern) => covers(pattern, levels));
  }

  maySubscribe(filter: string): boolean {
    const levels = filter.split('/');
    return this.#subscribe.some((pattern) => covers(pattern, levels));
  }
}

/** True for a pattern of permissions: a filter of topics, in which `%u` and `%c` may stand for a level or a part of one. */
export function isPattern(pattern: string): boolean {
  return TopicFilter.parse(pattern).ok && !pattern.startsWith('$');
}

/** The levels of a pattern; none if a name that stands in it would change what it means. */
function levelsOf(pattern: string, { user, clientId }: ClientName): string[][] {
  const usesUser = pattern.includes('%u');
  const usesClient = pattern.includes('%c');
  if (usesUser && !isPlain(user)) return [];
  if (usesClient && !isPlain(clientId)) return [];
  // In one go: a name may itself look like a placeholder.
  const text = pattern.replaceAll(/%[uc]/g, (place) => (place === '%u' ? (user ?? '') : clientId));
  return [text.split('/')];
}

/** True for a name that is one level, and no wildcard. */
function isPlain(name: string | null): boolean {
  return name !== null && name !== '' && !/[+#/]/.test(name);
}

/** True if all topics that the filter matches (or the topic itself) are within the pattern. */
function covers(pattern: readonly string[], filter: readonly string[]): boolean {
  for (const [index, level] of pattern.entries()) {
    if (level === '#') return true;
    const asked = filter[index];
    if (asked === undefined || asked === '#') return false;
    if (level !== '+' && level !== asked) return false;
  }
  return filter.length === pattern.length;
}
