export { ProvisionFlow, type ProvisionFlowDependencies, type ProvisionOptions } from './provision-flow.ts';
