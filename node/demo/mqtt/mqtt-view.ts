import { barOf, type DemoProgress } from '../demo-view.ts';
import { MQTT_NODES, type MqttNode } from './flow-ledger.ts';

/** What there is to see of the MQTT demo at a moment. */
export interface MqttPicture extends DemoProgress {
  readonly sent: number;
  readonly running: Readonly<Record<MqttNode, boolean>>;
  readonly isLinkUp: boolean;
}

/** The table as lines. */
export function mqttPictureLines(picture: MqttPicture): string[] {
  const { arrived, readings, sent, seconds, running, isLinkUp } = picture;
  const count = (value: number): string => value.toLocaleString('en');
  const [a, b, c] = MQTT_NODES.map((node) => (running[node] ? node : `(${node} down)`));
  return [
    '',
    `  ${barOf(picture)} ${count(arrived)} of ${count(readings)} deliveries, ${count(sent)} sent, ${seconds.toFixed(0)} s`,
    `  MQTT clients ── ${a} ── ${b} ${isLinkUp ? '──' : '✂ '} ${c}`,
  ];
}
