export type { HeardFrame, LinkEffect, LinkEnd, LinkEvent, LinkFrame } from './link-events.ts';
export { LINK_LIMITS, type LinkOptions } from './link-options.ts';
export { LinkState } from './link-state.ts';
