import { SedgeError } from '../../src/errors/index.ts';
import type { AgentSettings } from './agent-settings.ts';
import { mqttListening } from './mqtt-listening.ts';

/**
 * What settings that are right one by one have to be together, and with the users of the directory. Throws
 * `agent.bad-config` for TLS without a certificate, and for an address that others reach where nobody has a name.
 */
export async function checkMqtt(directory: string, settings: AgentSettings): Promise<void> {
  const { local, anonymous } = mqttListening(settings);
  if (local || anonymous) return;
  const { readUsers } = await import('../gateways/mqtt/index.ts');
  if ((await readUsers(directory)).size > 0) return;
  const reason =
    'other machines reach that address, and there are no users: add one with "sedge mqtt user add NAME", or let anybody in with --mqtt-anonymous';
  throw new SedgeError('agent.bad-config', { where: 'mqtt', reason });
}
