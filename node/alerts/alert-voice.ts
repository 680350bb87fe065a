import type { Log } from '../../src/errors/index.ts';
import type { Alert } from './alert.ts';
import type { AlertsMesh } from './alerts-mesh.ts';
import { ALERT_PAYLOAD_VERSION } from './other-alerts.ts';

/** Names what was published, so that a node that tells again after a crash tells once. */
const PRODUCER = 'sedge.alerts';

/** Publishes alerts on `$alerts/<node id>/<alert id>`. */
export class AlertVoice {
  readonly #mesh: AlertsMesh;
  readonly #log: Log;

  constructor(mesh: AlertsMesh, log: Log) {
    this.#mesh = mesh;
    this.#log = log;
  }

  /**
   * Publishes an alert as it is now; `revision` is never used for anything else. One that fires stays as the last value of
   * its topic until it ends. Resolves with whether it is on the disk.
   */
  async say(alert: Alert, revision: number): Promise<boolean> {
    const { node, name } = this.#mesh;
    const topic = `$alerts/${node}/${alert.id}`;
    const payload = JSON.stringify({ version: ALERT_PAYLOAD_VERSION, node, name, ...alert });
    const firing = alert.state === 'firing';
    const id = (n: number) => ({ producer: PRODUCER, n });
    try {
      await this.#mesh.publishAlert(topic, payload, {
        contentType: 'application/json',
        id: id(2 * revision),
        ...(firing ? { retain: true } : {}),
      });
      if (!firing) await this.#mesh.publishAlert(topic, '', { retain: true, id: id(2 * revision + 1) });
      return true;
    } catch (error) {
      this.#log.warn({ alert: alert.id, reason: String(error) }, 'an alert could not be published');
      return false;
    }
  }
}
