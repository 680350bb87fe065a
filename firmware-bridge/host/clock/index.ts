export { type ClockExchange, DeviceClock, type HostTime, UNCERTAINTY_MS_MAX } from './device-clock.ts';
