export type { LocalRights } from './caller.ts';
export { HttpGateway, type HttpGatewayDependencies } from './http-gateway.ts';
export type { HttpListenerOptions, HttpOptions } from './http-options.ts';
