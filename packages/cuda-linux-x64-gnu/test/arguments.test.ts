import { expect, test } from 'vitest';
import { describeAddon, emulated, forwardCall, type NativeBackend, withBackend } from './native.ts';

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
    expect(() => open({ ...emulated, device: 2 ** 31 })).toThrow(refused);
    expect(() => open({ ...emulated, stream: 5 })).toThrow(refused);
    expect(() => open({ ...emulated, stream: 4096n })).toThrow(refused);
    expect(() => open({ ...emulated, stagingBytes: 'much' })).toThrow(refused);
  });

  test.each<[string, number[]]>([
    ['op', [Number.NaN, -1, 0.5, 7, 2 ** 40]],
    ['dtype', [Number.NaN, -1, 0.5, 3]],
    ['outer', [Number.NaN, -1, 0, 1.5, 2 ** 52, Infinity]],
    ['groups', [Number.NaN, -1, 0, 1.5, 2 ** 52]],
    ['size', [Number.NaN, -1, 0, 1.5, 2 ** 52]],
    ['inner', [Number.NaN, -1, 0, 1.5, 2 ** 52]],
    ['statSize', [Number.NaN, -1, 0, 1.5, 9]],
    ['x', [Number.NaN, -8, 0.5, 2 ** 53]],
    ['scales', [Number.NaN, -8, 0.5, 2 ** 53]],
  ])('a call whose %s is none', (field, values) =>
    withBackend(native, {}, (backend) => {
      const device = { major: 9, minor: 0, multiprocessors: 132, sharedPerBlock: 232448, clusterBlocks: 8 };
      const [x, y] = [backend.alloc(128), backend.alloc(128)];
      for (const value of values) {
        const call = forwardCall(native, 4, 8, x, y);
        call[native.fields.indexOf(field)] = value;
        const refused = expect.objectContaining({ code: 'INVALID_OPTION' });
        expect(() => backend.launch(call), `${field} ${value}`).toThrow(refused);
        expect(() => native.plan(call, device), `${field} ${value}`).toThrow(refused);
        const odd = { ...device, multiprocessors: 2 ** 31 };
        expect(() => native.plan(forwardCall(native, 4, 8, x, y), odd)).toThrow(refused);
      }
    }),
  );

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
