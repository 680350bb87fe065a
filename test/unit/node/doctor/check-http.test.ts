import { expect, test } from 'vitest';
import { checkHttp } from '../../../../node/doctor/check-http.ts';

test('tells where the HTTP API is', () => {
  expect(checkHttp(['http://127.0.0.1:8420'])).toMatchObject([
    { level: 'ok', sentence: 'http://127.0.0.1:8420' },
  ]);
});

test('tells that another program has its port, and what to do', () => {
  expect(checkHttp([])).toMatchObject([{ next: expect.stringContaining('--http') }]);
});

test('says nothing where it is off, or of an older agent', () => {
  expect([checkHttp(null), checkHttp(undefined)]).toEqual([[], []]);
});
