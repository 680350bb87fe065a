export { ControlServer, type ControlServerParts } from './control-server.ts';
export { CONTROL_SOCKET } from './control-socket.ts';
export type { ServedMesh } from './served-mesh.ts';
