export { HttpGateway, type HttpGatewayDependencies } from './http-gateway.ts';
export type { HttpOptions } from './http-options.ts';
