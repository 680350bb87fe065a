import { SedgeError } from '../../src/errors/index.ts';
import type { Acknowledgement } from '../../src/index.ts';
import type { CertificateFiles, ListenerOptions } from '../gateways/mqtt/index.ts';
import type { AgentSettings } from './agent-settings.ts';
import { isLoopback, type ListenAddress } from './listen-address.ts';

/** Where MQTT clients connect if nobody says anything of it. */
export const MQTT_UNASKED: ListenAddress = Object.freeze({ host: '127.0.0.1', port: 1_883 });

/** How an agent listens for MQTT clients. */
export interface MqttListening {
  /** Those that were asked for: one that cannot listen is an error. */
  readonly listeners: readonly ListenerOptions[];
  /** Listened on beside them if the port is free; `null` where `mqtt` says an address or off. */
  readonly unasked: ListenAddress | null;
  /** Other machines reach none of them without a certificate. */
  readonly local: boolean;
  readonly anonymous: boolean;
  readonly ack: Acknowledgement;
}

/** What the settings say of MQTT. Throws `agent.bad-config` for TLS without a certificate. */
export function mqttListening(settings: AgentSettings): MqttListening {
  const { mqtt, mqttTls, mqttWebSocket, mqttWebSocketTls } = settings;
  const listeners: ListenerOptions[] = [];
  if (mqtt != null) listeners.push({ kind: 'tcp', ...mqtt });
  if (mqttTls != null) listeners.push({ kind: 'tls', ...mqttTls, ...certificateFiles(settings, 'mqttTls') });
  if (mqttWebSocket != null) listeners.push({ kind: 'websocket', ...mqttWebSocket });
  if (mqttWebSocketTls != null) {
    const files = certificateFiles(settings, 'mqttWebSocketTls');
    listeners.push({ kind: 'websocket-tls', ...mqttWebSocketTls, ...files });
  }
  const { mqttAnonymous: anonymous = false, mqttAck: ack = 'durable' } = settings;
  const unasked = mqtt === undefined ? MQTT_UNASKED : null;
  return { listeners, unasked, local: listeners.every(isGuarded), anonymous, ack };
}

function certificateFiles(settings: AgentSettings, where: string): CertificateFiles {
  const { mqttCert: certFile, mqttKey: keyFile, mqttCa: caFile } = settings;
  if (certFile === undefined || keyFile === undefined) {
    const reason = 'TLS needs a certificate and its key: --mqtt-cert FILE --mqtt-key FILE';
    throw new SedgeError('agent.bad-config', { where, reason });
  }
  return { certFile, keyFile, ...(caFile === undefined ? {} : { caFile }) };
}

/** True where nobody comes in whom neither this machine nor a certificate vouches for. */
function isGuarded(listener: ListenerOptions): boolean {
  return isLoopback(listener) || ('caFile' in listener && listener.caFile !== undefined);
}
