import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { chooseEncoding, loadPageAssets, type PageAsset, type PageAssets } from './page-assets.ts';

/**
 * What the page may do: run its own scripts, use its own style, and talk to its own node. Scripts cannot be made from texts
 * (Trusted Types without a policy), nobody may frame it, and nothing leaves it.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const HEADERS = Object.freeze({
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=()',
});
/** Its path has a hash of all files. */
const FOR_EVER = 'public, max-age=31536000, immutable';
const OPEN = { config: { scope: 'open' as const } };

/** Adds the dashboard: the document at `/`, its files below `/assets/`. They hold nothing of the node, so all may have them. */
export function addDashboardRoutes(app: FastifyInstance): void {
  let assets: PageAssets | null = null;
  const loaded = (): PageAssets => {
    assets ??= loadPageAssets();
    return assets;
  };
  app.get('/', OPEN, (request, reply) => send(loaded().document, 'no-cache', { request, reply }));
  app.get('/favicon.ico', OPEN, (_request, reply) => reply.redirect(`/assets/${loaded().version}/icon.svg`));
  app.get('/assets/:version/*', OPEN, (request, reply) => {
    const { version, '*': path } = request.params as { version: string; '*': string };
    const { files, version: current } = loaded();
    const file = version === current ? files.get(path) : undefined;
    if (file === undefined) return reply.callNotFound();
    return send(file, FOR_EVER, { request, reply });
  });
}

async function send(
  asset: PageAsset,
  cacheControl: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): Promise<FastifyReply> {
  reply.headers({ ...HEADERS, 'cache-control': cacheControl, etag: asset.etag, vary: 'accept-encoding' });
  if (request.headers['if-none-match'] === asset.etag) return reply.code(304).send();
  const encoding = chooseEncoding(request.headers['accept-encoding']);
  if (encoding !== 'identity') reply.header('content-encoding', encoding);
  return reply.type(asset.type).send(await asset.bytes(encoding));
}
