import { ASCON_TAG_BYTES, AsconAead, type Words128, wordsOf } from './ascon-aead.ts';
import { writeUint } from './little-endian.ts';
import { DIRECTIONS, TAG_BYTES } from './record.ts';

/** Part of what the session's key is made from, so that no other use of the device's key gives the same. */
const LABEL = 'sedge-serial/1 session';
/** Protocol, nonce, MTU and window. */
const HELLO_BOUND_BYTES = 11;
const NOTHING = new Uint8Array(0);

/** What makes a session one of its own. */
export interface SessionName {
  /** 8 bytes. */
  readonly deviceId: Uint8Array;
  /** 8 bytes, random. */
  readonly hostNonce: Uint8Array;
  readonly epoch: number;
  readonly session: number;
}

/** The key of a session: an uncut tag under the device's key over what names the session. */
export function deriveSessionKey(deviceKey: Uint8Array, name: SessionName): Uint8Array {
  const nonce = new Uint8Array(16);
  nonce.set(name.hostNonce);
  writeUint(nonce, 8, { value: name.epoch, length: 4 });
  writeUint(nonce, 12, { value: name.session, length: 4 });
  const associated = new Uint8Array(LABEL.length + name.deviceId.length);
  for (let at = 0; at < LABEL.length; at++) associated[at] = LABEL.charCodeAt(at);
  associated.set(name.deviceId, LABEL.length);
  return new AsconAead(deviceKey, ASCON_TAG_BYTES).seal(wordsOf(nonce), associated, NOTHING);
}

/** Seals and opens everything of a session. */
export function sessionAead(sessionKey: Uint8Array): AsconAead {
  return new AsconAead(sessionKey, TAG_BYTES);
}

/** A greeting and its answer, as they went over the wire. */
export interface GreetedWith {
  readonly epoch: number;
  /** Payload of the HELLO, whose time is left out: a greeting that is sent again has a later one. */
  readonly hello: Uint8Array;
  /** Payload of the HELLO_ACK without its tag. */
  readonly answer: Uint8Array;
}

/** Tag of a HELLO_ACK. */
export function helloTag(aead: AsconAead, greeted: GreetedWith): Uint8Array {
  return aead.seal(helloNonce(greeted), helloData(greeted), NOTHING);
}

/** Whether a HELLO_ACK has this tag. */
export function isHelloTag(aead: AsconAead, greeted: GreetedWith, tag: Uint8Array): boolean {
  return tag.length === TAG_BYTES && aead.open(helloNonce(greeted), helloData(greeted), tag) !== null;
}

function helloNonce({ epoch }: GreetedWith): Words128 {
  return [0, epoch, DIRECTIONS.helloAck, 0];
}

function helloData({ hello, answer }: GreetedWith): Uint8Array {
  const associated = new Uint8Array(HELLO_BOUND_BYTES + answer.length);
  associated.set(hello.subarray(0, HELLO_BOUND_BYTES));
  associated.set(answer, HELLO_BOUND_BYTES);
  return associated;
}
