import { describe, expect, it } from 'vitest';
import {
  AsconAead,
  deriveSessionKey,
  isHelloTag,
  isProvisioned,
  openRecord,
  provisionedPayload,
  sealRecord,
  sessionAead,
  wordsOf,
} from '../../../../firmware-bridge/host/seal/index.ts';
import { equalBytes, toHex } from '../../../../src/bytes/index.ts';
import { vectorCases } from './serial-vectors.ts';

describe('Ascon-AEAD128', () => {
  it('gives and takes the published answers', () => {
    const cases = vectorCases('ascon-aead128-kat.txt');
    expect(cases).toHaveLength(1_089);
    for (const one of cases) {
      const aead = new AsconAead(one.bytes('Key'), 16);
      const nonce = wordsOf(one.bytes('Nonce'));
      expect(equalBytes(aead.seal(nonce, one.bytes('AD'), one.bytes('PT')), one.bytes('CT'))).toBe(true);
      expect(equalBytes(aead.open(nonce, one.bytes('AD'), one.bytes('CT'))!, one.bytes('PT'))).toBe(true);
    }
  });

  it('opens nothing in which one bit is another', () => {
    const aead = new AsconAead(new Uint8Array(16).fill(7), 8);
    const associated = Uint8Array.of(1, 2, 3);
    const sealed = aead.seal([1, 2, 3, 4], associated, new Uint8Array(20).fill(5));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const altered = sealed.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(aead.open([1, 2, 3, 4], associated, altered)).toBeNull();
    }
    expect(aead.open([1, 2, 3, 5], associated, sealed)).toBeNull();
    expect(aead.open([1, 2, 3, 4], Uint8Array.of(1, 2, 4), sealed)).toBeNull();
    expect(aead.open([1, 2, 3, 4], associated, sealed.subarray(0, 5))).toBeNull();
    expect(aead.open([1, 2, 3, 4], associated, sealed)).toEqual(new Uint8Array(20).fill(5));
  });
});

describe('the golden bytes', () => {
  it.each(vectorCases('records.txt', 'session-key'))('hold the key of a session', (one) => {
    const key = deriveSessionKey(one.bytes('device-key'), {
      deviceId: one.bytes('device-id'),
      hostNonce: one.bytes('host-nonce'),
      epoch: one.number('epoch'),
      session: one.number('session'),
    });
    expect(toHex(key)).toBe(one.text('session-key'));
  });

  it.each(vectorCases('records.txt', 'hello-ack'))('hold $note', (one) => {
    const aead = sessionAead(one.bytes('session-key'));
    const payload = one.bytes('hello-ack');
    const greeted = {
      epoch: one.number('epoch'),
      hello: one.bytes('hello'),
      answer: payload.subarray(0, -8),
    };
    expect(isHelloTag(aead, greeted, payload.subarray(-8))).toBe(true);
    const other = one.bytes('hello');
    other[3]! ^= 1;
    expect(isHelloTag(aead, { ...greeted, hello: other }, payload.subarray(-8))).toBe(false);
  });

  it.each(vectorCases('records.txt', 'record'))('hold records: $note', (one) => {
    const seal = { aead: sessionAead(one.bytes('session-key')), epoch: one.number('epoch') };
    const record = openRecord(one.bytes('payload'), seal, () => one.number('direction'));
    if (typeof record === 'string') throw new Error(record);
    expect(record.type).toBe(one.text('type'));
    if (record.type === 'unknown') throw new Error('unknown type');
    expect(toHex(record.value)).toBe(one.text('value'));
    expect(record.signature === null ? null : toHex(record.signature)).toBe(
      one.has('signature') ? one.text('signature') : null,
    );
    expect(toHex(sealRecord({ ...record, type: record.type }, seal, one.number('direction')))).toBe(
      one.text('payload'),
    );
  });

  it.each(vectorCases('provision.txt', 'provisioned'))('hold what provisions a device', (one) => {
    const provision = one.bytes('provision');
    const offer = {
      deviceId: provision.subarray(0, 8),
      key: provision.subarray(8, 24),
      epochFloor: new DataView(provision.buffer).getUint32(24, true),
    };
    expect(toHex(provisionedPayload(offer))).toBe(one.text('provisioned'));
    expect(isProvisioned(offer, one.bytes('provisioned'))).toBe(true);
    expect(isProvisioned({ ...offer, epochFloor: 40 }, one.bytes('provisioned'))).toBe(false);
    expect(isProvisioned({ ...offer, deviceId: new Uint8Array(8) }, one.bytes('provisioned'))).toBe(false);
  });
});

describe('a record', () => {
  const [first] = vectorCases('records.txt', 'record');
  const seal = { aead: sessionAead(first!.bytes('session-key')), epoch: first!.number('epoch') };
  const open = (payload: Uint8Array) => openRecord(payload, seal, () => 0);

  it('is refused unsealed, without saying what it holds', () => {
    const payload = first!.bytes('payload');
    payload[0]! &= 0x7f;
    expect(open(payload)).toBe('record.unsealed');
  });

  it('is refused in another direction, epoch or place of its series', () => {
    const payload = first!.bytes('payload');
    expect(openRecord(payload, seal, () => 2)).toBe('record.bad-tag');
    expect(openRecord(payload, { ...seal, epoch: seal.epoch + 1 }, () => 0)).toBe('record.bad-tag');
    payload[2]! ^= 1;
    expect(open(payload)).toBe('record.bad-tag');
  });

  it('is refused where it is too short; it has no value where it is shorter than its signature', () => {
    expect(open(first!.bytes('payload').subarray(0, 9))).toBe('record.malformed');
    expect(open(first!.bytes('payload').subarray(0, 12))).toBe('record.bad-tag');
    const record = open(first!.bytes('payload'));
    if (typeof record === 'string') throw new Error(record);
    const cut = sealRecord({ ...record, type: 'reading', signature: new Uint8Array(10) }, seal, 0);
    expect(open(cut)).toMatchObject({ value: new Uint8Array(0) });
  });
});
