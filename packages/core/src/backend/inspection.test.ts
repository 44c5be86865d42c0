import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { RMSNorm } from '../api/rms-norm.ts';
import type { Driver } from '../driver/driver.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import type { Tensor } from './backend.ts';
import { createBackend } from './create-backend.ts';

const backend = createBackend(new ReferenceDriver());

describe('console.log', () => {
  test.each<[string, Tensor, string]>([
    [
      'a few values',
      backend.tensor([1, 0.1, -0, Number.NaN], [2, 2]),
      'Tensor float32 [2, 2] on reference: 1, 0.1, 0, NaN',
    ],
    [
      'the first of many',
      backend.tensor([...new Array(100).keys()], [100]),
      'Tensor float32 [100] on reference: 0, 1, 2, 3, 4, 5, 6, 7, ... 100 in all',
    ],
    ['numbers of raw bits', backend.tensor([1.5, -2], [2], 'bfloat16'), 'Tensor bfloat16 [2] on reference: 1.5, -2'],
    ['none', backend.empty([0, 4], 'float16'), 'Tensor float16 [0, 4] on reference: empty'],
    ['one', backend.tensor([7], []), 'Tensor float32 [] on reference: 7'],
    [
      'int8',
      new RMSNorm({ dim: 2, eps: 0 }).forwardQuantized(backend.tensor([1, -1], [1, 2])).q,
      'Tensor int8 [1, 2] on reference: 127, -127',
    ],
  ])('a tensor shows what it is, and %s', (_name, tensor, text) => {
    expect(inspect(tensor)).toBe(text);
    expect(inspect({ deep: { deeper: [tensor] } }, { depth: 0 })).toBe('{ deep: [Object] }');
    expect(inspect([tensor], { breakLength: 1000 })).toBe(`[ ${text} ]`);
    const { [Symbol.for('Deno.customInspect')]: deno } = tensor as unknown as Record<symbol, () => string>;
    expect(deno!.call(tensor)).toBe(text);
  });

  test('where the host cannot see them, no values; nothing is read, and no handle is taken', () => {
    const { view: _view, ...without } = methodsOf(new ReferenceDriver());
    let handles = 0;
    const driver = { ...without, handle: () => ++handles } as unknown as Driver<Uint8Array>;
    const tensor = createBackend(driver).tensor([1, 2], [2]);
    expect(inspect(tensor)).toBe('Tensor float32 [2] on reference');
    expect(handles).toBe(0);
  });

  test('what is disposed of', async () => {
    const other = createBackend(new ReferenceDriver());
    const [gone, left] = [other.empty([2]), other.empty([3])];
    gone.dispose();
    expect(inspect(gone)).toBe('Tensor float32 [2], disposed');
    expect(inspect(other)).toBe('Backend reference (JavaScript, float64): 1 tensor, 12 bytes');
    await other.dispose();
    expect(inspect(left)).toBe('Tensor float32 [3], disposed');
    expect(inspect(other)).toBe('Backend reference (JavaScript, float64): disposed');
  });

  test('elsewhere: a name, and nothing of the inside', () => {
    const tensor = backend.tensor([1, 2], [2]);
    expect(Reflect.ownKeys(tensor)).toEqual(['dtype', 'shape']);
    expect(Object.keys({ ...backend })).toEqual([]);
    expect(Object.getOwnPropertySymbols({ ...backend })).toEqual([]);
    expect([tensor.constructor.name, String(tensor)]).toEqual(['Tensor', '[object Tensor]']);
    expect([backend.constructor.name, String(backend)]).toEqual(['Backend', '[object Backend]']);
    expect(JSON.stringify(tensor)).toBe('{"dtype":"float32","shape":[2]}');
    expect(inspect(tensor, { customInspect: false, showHidden: true })).not.toMatch(/driver|Uint8Array/);
  });
});

function methodsOf(driver: ReferenceDriver): Record<string, unknown> {
  const names = Object.getOwnPropertyNames(ReferenceDriver.prototype) as (keyof ReferenceDriver)[];
  return {
    ...driver,
    ...Object.fromEntries(
      names
        .filter((name) => (name as string) !== 'constructor')
        .map((name) => [name, (driver[name] as () => void).bind(driver)]),
    ),
  };
}
