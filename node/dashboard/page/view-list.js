import { findingsOf } from './health.js';
import { alerts } from './views/alerts.js';
import { channels } from './views/channels.js';
import { devices } from './views/devices.js';
import { gaps } from './views/gaps.js';
import { messages } from './views/messages.js';
import { mqtt } from './views/mqtt.js';
import { node } from './views/node.js';
import { overview } from './views/overview.js';
import { peers } from './views/peers.js';
import { topics } from './views/topics.js';
import { topology } from './views/topology.js';

/**
 * All views, in the order of the menu. `count` is what stands beside the name where it is not 0: things to look at.
 * @type {readonly import('./context.js').ViewEntry[]}
 */
export const VIEWS = Object.freeze([
  {
    name: 'overview',
    title: 'Overview',
    key: 'o',
    make: overview,
    count: (state) => findingsOf(state).filter(({ severity }) => severity !== 'note').length,
  },
  { name: 'topology', title: 'Topology', key: 'y', make: topology },
  { name: 'peers', title: 'Peers', key: 'p', make: peers },
  { name: 'channels', title: 'Channels', key: 'c', make: channels },
  { name: 'topics', title: 'Topics', key: 't', make: topics },
  { name: 'messages', title: 'Messages', key: 'm', make: messages },
  { name: 'gaps', title: 'Gaps', key: 'g', make: gaps, count: (state) => state.sections.gaps?.total ?? 0 },
  { name: 'devices', title: 'Devices', key: 'd', make: devices },
  { name: 'mqtt', title: 'MQTT', key: 'q', make: mqtt },
  {
    name: 'alerts',
    title: 'Alerts',
    key: 'a',
    make: alerts,
    count: (state) => state.sections.alerts?.counts.unacknowledged ?? 0,
  },
  { name: 'node', title: 'Node', key: 'n', make: node },
]);
