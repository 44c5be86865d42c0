import { expect, test } from 'vitest';
import { describeAddon, emulated, type NativeBackend, withBackend } from './native.ts';

const ODD = [
  undefined,
  null,
  -1,
  1.5,
  Number.NaN,
  2 ** 60,
  'x',
  Symbol('x'),
  {},
  [],
  1n,
  -1n,
  2n ** 70n,
  () => {},
  new Float32Array(3),
];
const METHODS = [
  'alloc',
  'free',
  'write',
  'read',
  'launch',
  'copy',
  'inspect',
  'launchGraph',
  'disposeGraph',
  'inject',
  'cancel',
] as const;

describeAddon('arguments', (native) => {
  for (const method of METHODS) {
    test(`${method} refuses what it does not take`, () =>
      withBackend(native, {}, (backend) => {
        const call = backend[method as keyof NativeBackend] as (...given: unknown[]) => unknown;
        for (const first of ODD)
          for (const second of ODD) {
            // A ticket or an address to inspect may be any whole number.
            const allowed = ['cancel', 'inspect'].includes(method) ? [undefined, 'INVALID_OPTION'] : ['INVALID_OPTION'];
            let code: unknown;
            try {
              call(first, second, first);
            } catch (error) {
              code = (error as { code: string }).code;
            }
            expect(allowed, `${method}(${String(first)}, ${String(second)})`).toContain(code);
          }
      }));
  }

  test('open', () => {
    const open = native.open as (options: unknown) => unknown;
    const refused = expect.objectContaining({ code: 'INVALID_OPTION' });
    for (const options of [undefined, null, 1, 'sm_90']) expect(() => open(options)).toThrow(refused);
    expect(() => open({ ...emulated, emulated: 'sm_70' })).toThrow(refused);
    expect(() => open({ ...emulated, device: 2 })).toThrow(refused);
    expect(() => open({ ...emulated, device: -1 })).toThrow(refused);
    expect(() => open({ ...emulated, stream: 5 })).toThrow(refused);
    expect(() => open({ ...emulated, stream: 4096n })).toThrow(refused);
    expect(() => open({ ...emulated, stagingBytes: 'much' })).toThrow(refused);
  });

  test('a getter that throws', () => {
    const options = {
      ...emulated,
      get device(): number {
        throw new TypeError('no');
      },
    };
    expect(() => native.open(options)).toThrow();
  });

  test('faults can be injected into functions that are called', () =>
    withBackend(native, {}, (backend) => {
      expect(() => backend.inject('cuNothing', 0, 1)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    }));

  test('methods need no object', () =>
    withBackend(native, {}, ({ alloc, free }) => {
      free(alloc(4));
    }));
});
