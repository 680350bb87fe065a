export type { ApiParts } from './api-parts.ts';
export { ControlServer, type ControlServerParts } from './control-server.ts';
export { CONTROL_SOCKET } from './control-socket.ts';
export type { RoutePlugin, RouteScope } from './route-plugin.ts';
export type { HttpStatus, ServedHttp } from './served-http.ts';
export type { ServedMesh } from './served-mesh.ts';
