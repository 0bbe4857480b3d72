import { expect, test } from 'vitest';
import { sideBySide } from '../../src/orchestrator/side-by-side.ts';

const signal = new AbortController().signal;

test('looks side by side give what each of them gives', async () => {
  const [name, size] = await sideBySide([() => Promise.resolve('web'), () => Promise.resolve(2)], signal);

  expect([name, size]).toEqual(['web', 2]);
});

test('the first that fails ends the others, and is thrown when they have ended', async () => {
  const ended: string[] = [];
  const endless = (stop: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      stop.addEventListener('abort', () => {
        ended.push('the endless one');
        reject(new Error('stopped'));
      });
    });

  await expect(sideBySide([endless, () => Promise.reject(new Error('502'))], signal)).rejects.toThrow('502');
  expect(ended).toEqual(['the endless one']);
});
