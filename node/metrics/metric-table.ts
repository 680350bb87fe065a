/** A metric as Prometheus sees it. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge';
  /** One sentence, in the page's `# HELP` and in docs/metrics.md. */
  readonly help: string;
  readonly labels: readonly string[];
}

function counter(help: string, ...labels: string[]): MetricDefinition {
  return { kind: 'counter', help, labels };
}

function gauge(help: string, ...labels: string[]): MetricDefinition {
  return { kind: 'gauge', help, labels };
}

const MESH = {
  sedge_node_info: gauge('1; names the node and its version.', 'node', 'name', 'realm', 'version', 'nodejs'),
  sedge_messages_published_total: counter('Messages that this node published and stored.', 'channel'),
  sedge_messages_received_total: counter('Messages of other nodes that were stored here.', 'channel'),
  sedge_messages_delivered_total: counter(
    'Messages and gaps handed to subscriptions and gateways.',
    'channel',
  ),
  sedge_refusals_total: counter('What was refused, dropped or found damaged, by error code.', 'code'),
  sedge_parked_entries: gauge('Entries that wait for the grant of their author.'),
  sedge_problems: gauge('What "sedge status" says a person has to look at.', 'severity'),
} as const;

const JOURNAL = {
  sedge_journal_messages: gauge('Messages held.', 'channel'),
  sedge_journal_logs: gauge('Logs held, one an author and epoch.', 'channel'),
  sedge_journal_bytes: gauge('Bytes on the disk.', 'channel'),
  sedge_journal_limit_bytes: gauge('Bytes that the channel may take; absent without a limit.', 'channel'),
  sedge_journal_stored_bytes_total: counter('Bytes of entries stored, held or not.', 'channel'),
  sedge_journal_oldest_age_seconds: gauge('Age of the oldest entry held, by receipt.', 'channel'),
  sedge_journal_gaps: gauge('Stretches of numbers that are missing.', 'channel'),
  sedge_journal_lost_messages: gauge('Messages that are not to be had here, by why.', 'channel', 'why'),
  sedge_journal_dropped_messages_total: counter(
    'Messages that retention dropped, by limit.',
    'channel',
    'reason',
  ),
  sedge_storage_bytes: gauge('Bytes of all journals together.'),
  sedge_storage_limit_bytes: gauge('Bytes that all journals may take together; absent without a limit.'),
} as const;

const PEERS = {
  sedge_overlay_peers: gauge('Peers that are known by their id, by health.', 'health'),
  sedge_overlay_peer_up: gauge('1 while the peer is connected and is heard of, else 0.', 'peer'),
  sedge_overlay_peer_latency_seconds: gauge('Round trip; absent while not connected.', 'peer'),
  sedge_overlay_peer_heard_timestamp_seconds: gauge(
    'When something of the peer last came; absent for never.',
    'peer',
  ),
  sedge_overlay_peer_failed_dials: gauge('Dials that failed since the last that did not.', 'peer'),
  sedge_sync_peer_in_sync_timestamp_seconds: gauge('When both were last in sync; absent for never.', 'peer'),
  sedge_sync_peer_missing_messages: gauge('Messages that the peer holds and this node lacks.', 'peer'),
  sedge_sync_peer_given_up_messages: gauge('Messages that the peer was asked for in vain.', 'peer'),
  sedge_sync_backlog_messages: gauge(
    'Messages that this node holds and the peer lacks, as far as it said.',
    'peer',
    'channel',
  ),
  sedge_sync_backlog_loss_seconds: gauge(
    'Until retention here begins to take what the peer lacks, as things go; absent for never.',
    'peer',
    'channel',
  ),
} as const;

const MACHINE = {
  sedge_disk_free_bytes: gauge('Free on the file system of the directory.'),
  sedge_disk_size_bytes: gauge('Size of that file system.'),
  sedge_disk_written_bytes_total: counter('Bytes that the agent had written to disks.'),
  sedge_card_size_bytes: gauge('Size of the card or disk.', 'device'),
  sedge_card_worn_ratio: gauge('Part of its life that is gone, where an eMMC says so.', 'device'),
  sedge_card_write_bytes_per_second: gauge('What all programs write to it, a mean.', 'device'),
  sedge_card_measured_seconds: gauge('Over how long that was measured.', 'device'),
  sedge_card_remaining_seconds: gauge(
    'How long it lasts at that rate; an estimate, absent within the first hour.',
    'device',
  ),
  process_start_time_seconds: gauge('When the process started, since 1970.'),
  process_cpu_seconds_total: counter('Processor time, user and system.'),
  process_resident_memory_bytes: gauge('Resident memory.'),
  nodejs_heap_size_used_bytes: gauge('Used of the JavaScript heap.'),
  nodejs_heap_size_total_bytes: gauge('Size of the JavaScript heap.'),
  nodejs_external_memory_bytes: gauge('Buffers and the like.'),
  nodejs_eventloop_lag_seconds: gauge('How late timers were in the last second.'),
  nodejs_eventloop_lag_max_seconds: gauge('The same, worst of the last minute.'),
} as const;

const GATEWAYS = {
  sedge_mqtt_connections: gauge('MQTT clients that are connected.'),
  sedge_mqtt_sessions: gauge('MQTT sessions, of absent clients too.'),
  sedge_mqtt_messages_total: counter('Messages of MQTT clients.', 'direction'),
  sedge_mqtt_messages_repeated_total: counter('Messages that were sent again.', 'direction'),
  sedge_mqtt_refusals_total: counter('Connections, packets and messages refused or held up.', 'reason'),
  sedge_mqtt_events_total: counter('What else happened to MQTT clients.', 'event'),
  sedge_mqtt_bridge_up: gauge('1 while the outside broker is connected.', 'bridge'),
  sedge_mqtt_bridge_carrier: gauge('1 while this node carries the bridge.', 'bridge'),
  sedge_mqtt_bridge_waiting_messages: gauge('Messages the broker has not answered for.', 'bridge'),
  sedge_mqtt_bridge_messages_total: counter('Messages carried.', 'bridge', 'direction'),
  sedge_mqtt_bridge_left_out_total: counter('Messages not carried, and why.', 'bridge', 'reason'),
  sedge_mqtt_bridge_alarms: gauge('Alarms of the bridge.', 'bridge'),
  sedge_serial_ports: gauge('Serial ports, by state.', 'state'),
  sedge_serial_events_total: counter('Frames, bytes and refusals on all serial ports, by cause.', 'cause'),
  sedge_device_up: gauge('1 while the device is online.', 'device'),
  sedge_device_heard_timestamp_seconds: gauge('When it was last heard; absent for never.', 'device'),
  sedge_device_readings_total: counter('Readings that came, less repeated ones.', 'device'),
  sedge_device_lost_readings_total: counter('Readings that the device reported as lost.', 'device'),
  sedge_device_refused_readings_total: counter('Readings that were refused.', 'device'),
  sedge_http_connections: gauge('HTTP connections that are open.'),
  sedge_http_requests_total: counter('HTTP requests.'),
  sedge_http_messages_total: counter('Messages published and delivered over HTTP.', 'direction'),
  sedge_http_refusals_total: counter('Requests and connections refused, by error code.', 'code'),
  sedge_alerts: gauge('Alerts of this node, by state.', 'state'),
  sedge_alert_rule_firing: gauge('Alerts of a rule that are firing.', 'rule', 'severity'),
  sedge_alert_webhook_failures_total: counter('Alerts that a webhook could not be told of.'),
} as const;

const SELF = {
  sedge_metrics_series: gauge('Series of this page.'),
  sedge_metrics_scrape_seconds: gauge('How long the page before this one took to make.'),
  sedge_metrics_overflow: gauge('Values of a label that share the value "other".', 'label'),
} as const;

/** Every metric, by its name, in the order of the page. */
export const METRIC_TABLE = Object.freeze({
  ...MESH,
  ...JOURNAL,
  ...PEERS,
  ...MACHINE,
  ...GATEWAYS,
  ...SELF,
});

/** One of {@link METRIC_TABLE}. */
export type MetricName = keyof typeof METRIC_TABLE;
