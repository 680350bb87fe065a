import { isSedgeError } from '../../../../src/errors/index.ts';
import { REASON, type ReasonCode } from '../packet/reason-code.ts';

/** Why a message could not be published. */
export interface PublishRefusal {
  readonly reason: ReasonCode;
  /** It is not in the mesh, and trying again does not help. */
  readonly final: boolean;
  /** Clients that cannot be told are answered as if it were well: the standard wants it nowhere. */
  readonly harmless: boolean;
}

/** The user of a client may not publish on a topic. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

const UNCLEAR: PublishRefusal = Object.freeze({ reason: REASON.unspecified, final: false, harmless: false });

/** What a failure of `Mesh.publish` means for a client. */
export function refusalOf(error: unknown): PublishRefusal {
  if (error instanceof NotAllowed) return { reason: REASON.notAuthorized, final: true, harmless: false };
  if (!isSedgeError(error)) return UNCLEAR;
  const harmless = error.code === 'topic.reserved';
  if (error.code.startsWith('topic.')) return { reason: REASON.topicNameInvalid, final: true, harmless };
  switch (error.code) {
    case 'entry.payload-too-large':
    case 'mesh.bad-option':
      return { reason: REASON.quotaExceeded, final: true, harmless: false };
    case 'mesh.too-many-pending':
    case 'journal.disk-full':
      return { reason: REASON.quotaExceeded, final: false, harmless: false };
    default:
      return UNCLEAR;
  }
}
