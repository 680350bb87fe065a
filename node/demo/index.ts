export { AgentProcess, type AgentStart } from './agent-process.ts';
export { CuttableLink } from './cuttable-link.ts';
export { type DemoSummary, describeSummary } from './demo-summary.ts';
export {
  type DemoProgress,
  type DemoScreen,
  type DemoView,
  demoViewFor,
  pictureLines,
  SILENT_VIEW,
} from './demo-view.ts';
export { describeMqttSummary, type MqttSummary } from './mqtt/mqtt-summary.ts';
export { mqttPictureLines } from './mqtt/mqtt-view.ts';
export { type MqttDemoOptions, runMqttDemo } from './mqtt/run-mqtt-demo.ts';
export { type DemoOptions, runDemo } from './run-demo.ts';
export { runSerialDemo, type SerialDemoOptions } from './serial/run-serial-demo.ts';
export { describeSerialSummary, type SerialSummary } from './serial/serial-summary.ts';
export { serialPictureLines } from './serial/serial-view.ts';
export { tcpPortOf, withTcpPort } from './tcp-port.ts';
