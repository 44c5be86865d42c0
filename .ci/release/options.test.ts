import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { Refusal } from './refusal.ts';

test('options', () => {
  expect(parseOptions([])).toEqual({ canary: false, grew: undefined, registry: undefined });
  expect(parseOptions(['--canary', '--grew', 'why', '--registry', 'http://127.0.0.1:1'])).toEqual({
    canary: true,
    grew: 'why',
    registry: 'http://127.0.0.1:1',
  });
  expect(parseOptions(['--help'])).toBeNull();
});

test.each([[['--dry']], [['now']], [['--grew']], [['--grew', ' ']]])('%j is refused, with the usage', (args) => {
  expect(() => parseOptions(args)).toThrow(Refusal);
  expect(() => parseOptions(args)).toThrow('pnpm release [--canary]');
});
