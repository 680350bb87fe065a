export { BUNDLE_VERSION, type BundleChannel, type BundleHeader } from './bundle-items.ts';
export { type BundlePart, readBundle } from './bundle-reader.ts';
export { BundleExport, type ExportDependencies, type ExportSummary } from './export-bundle.ts';
export type { ExportOptions, ExportSince } from './export-plan.ts';
export {
  BundleImport,
  type BundleState,
  type ExporterHoldings,
  type ImportCounts,
  type ImportDependencies,
  type ImportOptions,
  type ImportSummary,
} from './import-bundle.ts';
