export { AgentProcess, type AgentStart } from './agent-process.ts';
export { CuttableLink } from './cuttable-link.ts';
export { type DemoSummary, describeSummary } from './demo-summary.ts';
export { type DemoScreen, type DemoView, demoViewFor, SILENT_VIEW } from './demo-view.ts';
export { type DemoOptions, runDemo } from './run-demo.ts';
export { tcpPortOf, withTcpPort } from './tcp-port.ts';
