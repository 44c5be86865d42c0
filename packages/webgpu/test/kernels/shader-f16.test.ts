import { expect, test } from 'vitest';
import { checkHalves } from '../../src/half-check.ts';
import { halfCheckCode } from '../../src/kernels/half-check.ts';
import { describeOnDevice, newDevice } from '../node-webgpu.ts';
import { CAPABILITIES, everyPlan } from './problems.ts';

// SwiftShader has no shader-f16. Dawn's null backend has: it runs nothing, but reads shaders as any other does.
// Kept: Dawn crashes where what create() gave is collected before its devices.
const nothing = await import('webgpu').then(({ create }) => create(['backend=null']));

test('every shader of float16 compiles with shader-f16, and enables it', async () => {
  const adapter = await nothing.requestAdapter();
  const device = await adapter!.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
  const shaders = everyPlan({ ...CAPABILITIES, halves: 'f16' }).flatMap(({ plan }) =>
    plan.dispatches.map(({ shader }) => shader),
  );
  const codes = new Map(
    shaders.filter(({ key }) => key.includes('float16')).map(({ key, code }) => [key, code()] as const),
  );
  const float16 = [...codes].filter(([, code]) => code.startsWith('enable f16;'));
  expect(float16.length).toBeGreaterThan(500);
  for (const [key, code] of float16) {
    device.pushErrorScope('validation');
    device.createShaderModule({ code });
    expect((await device.popErrorScope())?.message, key).toBeUndefined();
  }
  device.destroy();
});

describeOnDevice('the check of conversions to float16', () => {
  test.each<[is: string, exact: boolean, tried: string]>([
    ['bits', true, 'return nearest(v);'],
    ['numbers cut off', false, 'return nearest(bitcast<V>(bitcast<U>(v) & U(0xffffe000u)));'],
    ['ties away from zero', false, 'return nearest(bitcast<V>(bitcast<U>(v) + U(1u)));'],
    ['one number of 2^32 wrong', false, 'return nearest(v) ^ select(U(), U(1u), bitcast<U>(v) == U(0x33000001u));'],
    [
      'subnormals flushed',
      false,
      'let h = nearest(v); return select(h, h & U(0x8000u), (h & U(0x7fffu)) < U(0x400u));',
    ],
    ['a largest number for infinity', false, 'let h = nearest(v); return select(h, U(0x7bffu), h == U(0x7c00u));'],
    [
      'neighbours spoiled',
      false,
      'let h = nearest(v); return h | select(U(), U(1u), (h.yxwz & U(0x7fffu)) == U(0x7c00u));',
    ],
  ])('%s: %s', async (_name, exact, tried) => {
    const device = await newDevice();
    expect(await checkHalves(device, halfCheckCode('bits', `fn tried(v: V) -> U { ${tried} }`))).toBe(exact);
    device.destroy();
  });

  test('has no answer where a shader does not compile, or the device is lost', async () => {
    const device = await newDevice();
    expect(await checkHalves(device, halfCheckCode('bits', 'fn tried(v: V) -> U { return v; }'))).toBeNull();
    device.destroy();
    expect(await checkHalves(device, halfCheckCode('bits'))).toBeNull();
  });
});
