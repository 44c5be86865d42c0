import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hostileValues, trappedValues, UNSAFE } from '../../test/hostile.ts';
import { RMSNormError } from './errors.ts';
import { show, showText } from './show.ts';

describe('show', () => {
  test.each<[unknown, string]>([
    [[2, 512, 4, 4], '[2, 512, 4, 4]'],
    [{ dim: 8, axis: -1 }, '{ dim: 8, axis: -1 }'],
    ["it's", "'it\\'s'"],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [7n, '7n'],
    [10n ** 1000n, 'a bigint of more than 40 digits'],
    [Symbol('s'), 'Symbol(s)'],
    [undefined, 'undefined'],
    [null, 'null'],
    [show, 'function show'],
    [() => {}, 'a function'],
    [new Float32Array(3), 'Float32Array(12 bytes)'],
    [new Map(), 'Map {}'],
    [
      new (class Point {
        x = 1;
      })(),
      'Point { x: 1 }',
    ],
    ['\u001b[31mred\u202e\n\ud800', "'\\x1b[31mred\\u202e\\n\\ud800'"],
    [
      {
        get dim() {
          return 8;
        },
      },
      '{ dim: a getter }',
    ],
    [{ 'a b': null }, "{ 'a b': null }"],
    [[[[[[1]]]]], '[[[[[...]]]]]'],
  ])('%# is %s', (value, expected) => {
    expect(show(value)).toBe(expected);
  });

  test('what holds itself, and what is long, is cut', () => {
    const cyclic: unknown[] = [1];
    cyclic.push(cyclic);
    expect(show(cyclic)).toBe('[1, [1, [1, [1, [...]]]]]');
    expect(show(new Array(20_000_000).fill(1))).toBe(`[${Array(16).fill(1).join(', ')}, ... 20000000 in all]`);
    expect(show('x'.repeat(1e6))).toHaveLength(200);
    const keys = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${'key'.repeat(30)}${i}`, i]));
    expect(show(keys)).toMatch(/^\{ key.*\.\.\..* 300 in all \}$/);
    expect(show(keys).length).toBeLessThanOrEqual(200);
  });

  test.each([...hostileValues(), ...trappedValues()])(
    'nothing throws, nothing of the caller is called: %s',
    (_name, value) => {
      expect(show(value)).toMatch(/^.{1,200}$/u);
    },
  );

  test('any value is one short line', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withObjectString: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    const text = fc.string({ unit: 'binary', maxLength: 500 });
    fc.assert(
      fc.property(fc.oneof(anything, text, fc.dictionary(text, anything), fc.bigInt()), (value) => {
        const shown = show(value);
        expect(shown.length).toBeLessThanOrEqual(200);
        expect(shown).not.toMatch(UNSAFE);
      }),
      { numRuns: 2000 },
    );
  });
});

test('a text of others is one line, without quotes', () => {
  expect(showText('  Cannot find\n\tpackage \u001b[1m ')).toBe('Cannot find package \\x1b[1m');
  expect(showText('x '.repeat(1000), 50)).toHaveLength(50);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(showText(text)).not.toMatch(UNSAFE);
    }),
  );
});

describe('the text of an error', () => {
  test('is bounded, and has no control characters but the ends of lines', () => {
    const { message } = new RMSNormError('SHAPE', `a\n\u001b]0;title\u0007${'x'.repeat(1e6)}`);
    expect(message).toMatch(/^RMSNORM_SHAPE: a\n\\x1b]0;title\\x07x+\.\.\.$/);
    expect(message).toHaveLength(8000);
  });

  test.each([...hostileValues(), ...trappedValues()])('may be made of anything: %s', (_name, value) => {
    const error = new RMSNormError(value as 'SHAPE', value as string, { cause: value });
    expect(error.message).toMatch(/^RMSNORM_/);
  });
});
