import { partLog } from '../../src/errors/index.ts';
import type { Mesh } from '../../src/index.ts';
import { type Bridge, SerialGateway } from '../gateways/serial/serial-gateway.ts';
import type { AgentParts } from './agent-parts.ts';

/** The serial gateway, which loads the bridge once there is a port. */
export function makeSerial(parts: AgentParts, mesh: Mesh): SerialGateway {
  const { directory, settings, nowMs } = parts;
  const log = partLog(parts.log, 'serial');
  const { serial: ports = [], serialAck: ack = 'durable' } = settings;
  const makeBridge = async (): Promise<Bridge> => {
    const { SerialBridge } = await import('../../firmware-bridge/host/index.ts');
    return new SerialBridge({ directory, ports, ack }, { mesh, log, nowMs });
  };
  return new SerialGateway({ ports, makeBridge, log });
}
