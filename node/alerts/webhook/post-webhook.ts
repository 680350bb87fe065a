import { readFile } from 'node:fs/promises';
import type { WebhookOptions } from './webhook-options.ts';
import { SIGNATURE_HEADER, webhookSignature } from './webhook-signature.ts';
import type { WebhookDelivery, WebhookOutcome } from './webhook-state.ts';

/** An answer is waited for so long. */
export const WEBHOOK_TIMEOUT_MS = 10_000;

/** Answers that may be different later; every other from 300 on is final. */
const RETRIED: ReadonlySet<number> = new Set([408, 425, 429]);

/** Posts a delivery once. Never throws: what goes wrong is the outcome. */
export async function postWebhook(
  webhook: WebhookOptions,
  delivery: WebhookDelivery,
  {
    atMs,
    signal,
    version,
  }: { readonly atMs: number; readonly signal: AbortSignal; readonly version: string },
): Promise<WebhookOutcome> {
  try {
    const [secret, ca] = await Promise.all([firstLine(webhook.secretFile), textOf(webhook.ca)]);
    if (secret === '') return { kind: 'failed', reason: 'its secretFile is empty', afterMs: null };
    const headers = {
      'content-type': 'application/json',
      'user-agent': `sedge/${version}`,
      'sedge-event': delivery.event,
      'sedge-delivery': delivery.id,
      ...(secret === null ? {} : { [SIGNATURE_HEADER]: webhookSignature(secret, delivery.body, atMs) }),
    };
    const { status, afterMs } = await send(webhook.url, {
      headers,
      ca,
      body: delivery.body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK_TIMEOUT_MS)]),
    });
    if (status >= 200 && status < 300) return { kind: 'delivered' };
    const reason = `it answered ${status}`;
    if (status >= 500 || RETRIED.has(status)) return { kind: 'failed', reason, afterMs };
    return { kind: 'refused', reason };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error), afterMs: null };
  }
}

interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string | null;
  readonly body: string;
  readonly signal: AbortSignal;
}

/** Node's own client, without a pool: alerts are rare. Redirects are not followed, the signature is for this place. */
async function send(
  url: string,
  { headers, ca, body, signal }: Request,
): Promise<{ readonly status: number; readonly afterMs: number | null }> {
  const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const options = {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      signal,
      agent: false,
    };
    const outgoing = request(url, { ...options, ...(ca === null ? {} : { ca }) }, (response) => {
      const { statusCode = 0, headers: answered } = response;
      // What it says beside the status is of no interest, and may be endless.
      response.destroy();
      resolve({ status: statusCode, afterMs: retryAfterMs(answered['retry-after']) });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function retryAfterMs(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}

async function firstLine(path: string | null): Promise<string | null> {
  const text = await textOf(path);
  return text === null ? null : text.split(/\r?\n/)[0]!;
}

async function textOf(path: string | null): Promise<string | null> {
  return path === null ? null : readFile(path, 'utf8');
}

/** Without the address: it may hold what is secret in its path. */
function reasonOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError') return 'it did not answer in time';
  return code ?? name ?? 'unknown';
}
