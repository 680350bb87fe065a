/** Where alerts are posted to, checked. */
export interface WebhookOptions {
  /** `https:`, or `http:` to this machine or where `insecure` says so. */
  readonly url: string;
  /** Its first line is the secret that bodies are signed with; read at each delivery. `null`: they are not signed. */
  readonly secretFile: string | null;
  /** PEM of who signs the server's certificate, if the system does not know it. */
  readonly ca: string | null;
}

/** What {@link readWebhooks} makes of a setting. */
export type WebhooksReading =
  | { readonly ok: true; readonly value: readonly WebhookOptions[] }
  | { readonly ok: false; readonly reason: string };

const WEBHOOKS_MAX = 8;
const URL_LENGTH_MAX = 2_048;
const PATH_LENGTH_MAX = 4_096;
const KEYS = ['url', 'secretFile', 'ca', 'insecure'];

/** Thrown within this file alone. */
class Mistake extends Error {}

/** Reads and checks the setting `alertWebhook`: a URL, or a list of URLs and of objects with a `url`. */
export function readWebhooks(value: unknown): WebhooksReading {
  const list = Array.isArray(value) ? value : [value];
  try {
    if (list.length > WEBHOOKS_MAX) throw new Mistake(`it must be at most ${WEBHOOKS_MAX} webhooks`);
    const webhooks = list.map((item, index) =>
      readWebhook(item, list.length === 1 ? 'it' : `webhook ${index + 1}`),
    );
    if (new Set(webhooks.map(({ url }) => url)).size < webhooks.length)
      throw new Mistake('two webhooks have the same url');
    return { ok: true, value: webhooks };
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, reason: error.message };
    throw error;
  }
}

function readWebhook(item: unknown, where: string): WebhookOptions {
  const fields = (typeof item === 'string' ? { url: item } : item) as Readonly<Record<string, unknown>>;
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw new Mistake(`${where} must be a URL such as https://alerts.example/hook, or have one under url`);
  }
  const strange = Object.keys(fields).find((key) => !KEYS.includes(key));
  if (strange !== undefined) {
    const also = strange === 'secret' ? ': a secret stands in a file of its own, secretFile' : '';
    throw new Mistake(`${where} has no key ${JSON.stringify(strange.slice(0, 40))}${also}`);
  }
  const { insecure = false } = fields;
  if (typeof insecure !== 'boolean') throw new Mistake(`${where}, insecure: it must be true or false`);
  return {
    url: readUrl(fields.url, { where, insecure }),
    secretFile: readPath(fields, 'secretFile', where),
    ca: readPath(fields, 'ca', where),
  };
}

function readUrl(
  value: unknown,
  { where, insecure }: { readonly where: string; readonly insecure: boolean },
): string {
  const url = typeof value === 'string' && value.length <= URL_LENGTH_MAX ? URL.parse(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === '') {
    throw new Mistake(`${where} must be a URL such as https://alerts.example/hook`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Mistake(`${where}: no user and password in the URL; sign with secretFile instead`);
  }
  if (url.protocol === 'http:' && !insecure && !isLoopback(url.hostname)) {
    throw new Mistake(
      `${where} must start with https:, or have "insecure: true" if anybody on the way may read and change it`,
    );
  }
  return url.href;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function readPath(fields: Readonly<Record<string, unknown>>, key: string, where: string): string | null {
  const value = fields[key];
  if (value === undefined || value === null) return null;
  if (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= PATH_LENGTH_MAX &&
    !/\p{Cc}/u.test(value)
  )
    return value;
  throw new Mistake(`${where}, ${key}: it must be the name of a file`);
}
