import type { FastifyReply } from 'fastify';
import { SedgeError } from '../../src/errors/index.ts';

/** Streams that are open, so that they can be ended. */
export type ControlStreams = Set<{ stop(): Promise<void> }>;

/** Streams of all kinds that may be open at once. */
const STREAMS_MAX = 1_024;

/** Throws `agent.too-large` where no further stream may be opened. */
export function checkRoom(streams: ControlStreams): void {
  if (streams.size >= STREAMS_MAX) throw new SedgeError('agent.too-large', { streams: STREAMS_MAX });
}

/** From here on the route writes the answer itself. */
export function takeOver(reply: FastifyReply): void {
  reply.hijack();
}
