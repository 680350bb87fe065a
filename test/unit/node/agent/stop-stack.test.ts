import { expect, it } from 'vitest';
import { StopStack } from '../../../../node/agent/stop-stack.ts';

it('stops what came last first, once', async () => {
  const stack = new StopStack();
  const stopped: string[] = [];
  for (const name of ['lock', 'mesh', 'control']) stack.push(async () => void stopped.push(name));
  await stack.unwind();
  await stack.unwind();
  expect(stopped).toEqual(['control', 'mesh', 'lock']);
});

it('stops the rest where one fails, and tells of the first failure', async () => {
  const stack = new StopStack();
  const stopped: string[] = [];
  stack.push(() => stopped.push('lock'));
  stack.push(() => Promise.reject(new Error('second')));
  stack.push(() => Promise.reject(new Error('first')));
  await expect(stack.unwind()).rejects.toThrow('first');
  expect(stopped).toEqual(['lock']);
});
