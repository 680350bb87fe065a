export { CHECKERS } from './checkers/checker-list.ts';
export { type ContactTrace, parseContactTrace } from './contacts/contact-trace.ts';
export type { ContactFault, ContactVerdict } from './contacts/contact-verdict.ts';
export { type PlayContactsOptions, type PlayedContacts, playContacts } from './contacts/play-contacts.ts';
export { type PlannedPublish, parsePublishFile, roundRobinPlan } from './contacts/publish-plan.ts';
export { columnsFor, foldRun, type ReportedRun } from './report/fold-run.ts';
export { reportPage } from './report/report-page.ts';
export type { RunReport } from './report/run-report.ts';
export { type RunScaleOptions, runScale, SCALE_PLAN, type ScalePlan } from './scale/run-scale.ts';
export { outlookText, type ScaleOutlook, scaleOutlook } from './scale/scale-outlook.ts';
export { scalePlot } from './scale/scale-plot.ts';
export type { ScaleRow, ScaleSetting } from './scale/scale-row.ts';
export { scaleTable } from './scale/scale-table.ts';
export { type RunScenarioOptions, runScenario, type ScenarioRun } from './scenarios/run-scenario.ts';
export type { Scenario, ScenarioContext, ScenarioOverlay } from './scenarios/scenario.ts';
export { SCENARIOS } from './scenarios/scenario-list.ts';
export type { Checker, Violation } from './world/checker.ts';
export { contentOf, messageKey } from './world/content.ts';
export { type Duration, durationMs } from './world/duration.ts';
export type { HistoryEvent } from './world/history.ts';
export { Libp2pNetwork, type Libp2pNetworkOptions } from './world/libp2p-network.ts';
export type { MeshFigures } from './world/mesh-figures.ts';
export { ModelNetwork, type ModelNetworkOptions } from './world/model-network.ts';
export { NodeClock } from './world/node-clock.ts';
export type { PublishedMessage } from './world/published-message.ts';
export { SeededRandom } from './world/seeded-random.ts';
export {
  type CrashSettings,
  type HostileHost,
  SimulatedMesh,
} from './world/simulated-mesh.ts';
export type { NetworkContext, SimulatedMeshOptions } from './world/simulated-mesh-options.ts';
export type { SimulatedNode, SimulatedNodeOptions } from './world/simulated-node.ts';
export type { SimulatedSubscription } from './world/simulated-subscription.ts';
export type { DiskLatency } from './world/slow-disk.ts';
export {
  full,
  grid,
  line,
  links,
  none,
  randomGeometric,
  randomLinks,
  ring,
  star,
  type Topology,
} from './world/topology.ts';
export { type DriveOptions, VirtualClock, type VirtualClockOptions } from './world/virtual-clock.ts';
export {
  type HostOverlayOptions,
  LINK_DEFAULTS,
  type LinkSettings,
  type LinkState,
  type Traffic,
  type TrafficByKind,
  type VirtualNetwork,
} from './world/virtual-network.ts';
