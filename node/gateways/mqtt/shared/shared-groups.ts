import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../../src/errors/index.ts';
import { writeWhole } from '../../listening/write-whole.ts';
import type { MqttMesh } from '../mqtt-mesh.ts';
import type { MqttSession } from '../session/mqtt-session.ts';
import type { MqttSubscription } from '../session/subscription-set.ts';
import { readShared } from './shared-filter.ts';
import { SharedGroup } from './shared-group.ts';

/** What {@link SharedGroups} works with. */
export interface SharedGroupsDependencies {
  readonly mesh: MqttMesh;
  readonly log: Log;
}

const VERSION = 1;
/** Messages that the mesh holds ready for a group. */
const BUFFER_MESSAGES = 256;

/** The groups of clients that share a filter. Which there are is kept, so that what nobody belongs to can be forgotten. */
export class SharedGroups {
  readonly #path: string;
  readonly #deps: SharedGroupsDependencies;
  readonly #groups = new Map<string, SharedGroup>();
  #left: readonly string[] = [];
  #saving: Promise<void> = Promise.resolve();

  constructor(directory: string, deps: SharedGroupsDependencies) {
    this.#path = join(directory, 'mqtt', 'shared.json');
    this.#deps = deps;
  }

  /** Reads which groups there were. */
  async load(): Promise<void> {
    try {
      const { version, filters } = JSON.parse(await readFile(this.#path, 'utf8')) as Record<string, unknown>;
      if (version === VERSION && Array.isArray(filters))
        this.#left = filters.filter((one) => typeof one === 'string');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT')
        this.#deps.log.warn({ error: String(error) }, 'the shared subscriptions of MQTT cannot be read');
    }
  }

  /** Forgets the groups that nobody came back to after a start. */
  async sweep(): Promise<void> {
    const gone = this.#left.filter((filter) => !this.#groups.has(filter));
    this.#left = [];
    for (const filter of gone) await this.#deps.mesh.forgetSubscription(durableName(filter));
    if (gone.length > 0) await this.#save();
  }

  /** A session subscribes; resolves when that would survive a crash. */
  async join(session: MqttSession, subscription: MqttSubscription): Promise<void> {
    const { filter: text } = subscription;
    const shared = readShared(text);
    if (shared === null) return;
    let group = this.#groups.get(text);
    if (group === undefined) {
      const options = { durable: durableName(text), bufferMessages: BUFFER_MESSAGES };
      group = new SharedGroup(shared.filter, {
        open: (accept) => this.#deps.mesh.subscribeWhere(accept, options),
        onFailure: (error) =>
          this.#deps.log.error(
            { filter: text, error: String(error) },
            'a shared subscription of MQTT has stopped',
          ),
      });
      this.#groups.set(text, group);
      group.join(session, subscription);
      await Promise.all([group.ready(), this.#save()]);
    } else group.join(session, subscription);
  }

  /** A session is there again. */
  wake(filters: Iterable<string>): void {
    for (const filter of filters) this.#groups.get(filter)?.wake();
  }

  /** A session unsubscribes, or ends; the last one takes the group with it. */
  async leave(session: MqttSession, filter: string): Promise<void> {
    const group = this.#groups.get(filter);
    group?.leave(session);
    if (group === undefined || group.size > 0) return;
    this.#groups.delete(filter);
    await group.close();
    await this.#deps.mesh.forgetSubscription(durableName(filter));
    await this.#save();
  }

  /** Closes all; their places stay. */
  async close(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.close()));
    this.#groups.clear();
    await this.#saving;
  }

  #save(): Promise<void> {
    const write = () =>
      writeWhole(this.#path, `${JSON.stringify({ version: VERSION, filters: [...this.#groups.keys()] })}\n`);
    this.#saving = this.#saving.catch(() => {}).then(write);
    return this.#saving;
  }
}

function durableName(filter: string): string {
  return `mqtts.${createHash('sha256').update(filter).digest('hex').slice(0, 32)}`;
}
