import type { TelemetrySnapshot } from '../telemetry/index.ts';
import type { MetricValues } from './metric-values.ts';

/** The disk, the card and the process. */
export function collectMachine(values: MetricValues, { disk, card, process: own }: TelemetrySnapshot): void {
  values.set('sedge_disk_free_bytes', disk.freeBytes);
  values.set('sedge_disk_size_bytes', disk.totalBytes);
  values.set('sedge_disk_written_bytes_total', disk.written?.total);
  const device = { device: card.device ?? 'unknown' };
  values.set('sedge_card_size_bytes', card.bytes, device);
  values.set('sedge_card_worn_ratio', card.wornFraction, device);
  values.set('sedge_card_write_bytes_per_second', card.writtenBytesPerSecond, device);
  values.set('sedge_card_measured_seconds', card.measuredOverMs / 1_000, device);
  values.set('sedge_card_remaining_seconds', card.remainingSeconds, device);
  values.set('process_start_time_seconds', performance.timeOrigin / 1_000);
  const { user, system } = process.cpuUsage();
  values.set('process_cpu_seconds_total', (user + system) / 1e6);
  values.set('process_resident_memory_bytes', own.residentBytes);
  values.set('nodejs_heap_size_used_bytes', own.heapUsedBytes);
  values.set('nodejs_heap_size_total_bytes', own.heapTotalBytes);
  values.set('nodejs_external_memory_bytes', own.externalBytes);
  values.set('nodejs_eventloop_lag_seconds', own.eventLoopLagMs / 1_000);
  values.set('nodejs_eventloop_lag_max_seconds', own.eventLoopLagMsMax / 1_000);
}
