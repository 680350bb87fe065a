import { SedgeError } from '../../src/errors/index.ts';
import type { Acknowledgement } from '../../src/index.ts';
import type { ListenerOptions } from '../gateways/mqtt/index.ts';
import type { AgentSettings } from './agent-settings.ts';
import { isLoopback } from './mqtt-address.ts';

/** How an agent listens for MQTT clients. */
export interface MqttListening {
  /** Empty where MQTT is off. */
  readonly listeners: readonly ListenerOptions[];
  /** Other machines reach none of them. */
  readonly local: boolean;
  readonly anonymous: boolean;
  readonly ack: Acknowledgement;
}

/** What the settings say of MQTT. Throws `agent.bad-config` for TLS without a certificate. */
export function mqttListening(settings: AgentSettings): MqttListening {
  const { mqtt, mqttTls, mqttWebSocket, mqttCert: certFile, mqttKey: keyFile } = settings;
  const listeners: ListenerOptions[] = [];
  if (mqtt != null) listeners.push({ kind: 'tcp', ...mqtt });
  if (mqttTls != null) {
    if (certFile === undefined || keyFile === undefined) {
      const reason = 'TLS needs a certificate and its key: --mqtt-cert FILE --mqtt-key FILE';
      throw new SedgeError('agent.bad-config', { where: 'mqttTls', reason });
    }
    listeners.push({ kind: 'tls', ...mqttTls, certFile, keyFile });
  }
  if (mqttWebSocket != null) listeners.push({ kind: 'websocket', ...mqttWebSocket });
  const { mqttAnonymous: anonymous = false, mqttAck: ack = 'durable' } = settings;
  return { listeners, local: listeners.every(isLoopback), anonymous, ack };
}
