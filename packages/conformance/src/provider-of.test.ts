import { reference } from '@rmsnorm/core';
import { expect, test } from 'vitest';
import { providerOf } from './provider-of.ts';

const provider = reference();

test.each([
  ['a provider', { default: provider }],
  ['a function that returns one', { default: () => provider }],
  ['an asynchronous function', { default: async () => provider }],
])('%s', async (_, module) => {
  expect(await providerOf(module, 'm.js')).toBe(provider);
});

test.each([
  ['nothing', {}, 'there is none'],
  ['a number', { default: 3 }, 'it is number'],
  ['another object', { default: { name: 'x' } }, 'it is an object with name'],
  ['a later version', { default: { ...provider, apiVersion: 2 } }, 'it is an object with'],
  ['a function of nothing', { default: () => undefined }, 'a function that returns undefined'],
])('%s is refused', async (_, module, text) => {
  await expect(providerOf(module, 'm.js')).rejects.toThrow('RMSNORM_INVALID_OPTION: the default export of m.js');
  await expect(providerOf(module, 'm.js')).rejects.toThrow(text);
});
