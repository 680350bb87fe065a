/** Reason codes of MQTT 5 (OASIS MQTT 5.0, section 2.4) that this gateway sends or reads. */
export const REASON = Object.freeze({
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  shuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdInUse: 0x91,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  connectionRateExceeded: 0x9f,
  sharedNotSupported: 0x9e,
});

/** One of {@link REASON}. */
export type ReasonCode = (typeof REASON)[keyof typeof REASON];

/** What a packet breaks. */
export interface PacketFault {
  readonly reason: ReasonCode;
  /** Number of the statement in the standards, or the section, for the log. */
  readonly rule: string;
}

/** Return code of a CONNACK of MQTT 3.1.1 (section 3.2.2.3) for a reason; `null` where the connection just closes. */
export function returnCodeOf(reason: ReasonCode): number | null {
  switch (reason) {
    case REASON.success:
      return 0;
    case REASON.unsupportedVersion:
      return 1;
    case REASON.clientIdInvalid:
      return 2;
    case REASON.serverUnavailable:
    case REASON.serverBusy:
    case REASON.quotaExceeded:
    case REASON.shuttingDown:
    case REASON.connectionRateExceeded:
      return 3;
    case REASON.badCredentials:
      return 4;
    case REASON.notAuthorized:
      return 5;
    default:
      return null;
  }
}
