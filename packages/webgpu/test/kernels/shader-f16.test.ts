import { expect, test } from 'vitest';
import { checkConversions, toFloat16On } from '../../src/device/float16-check.ts';
import { float16CheckCode } from '../../src/kernels/wgsl/float16-check-shader.ts';
import { describeOnDevice, newDevice } from '../node-webgpu.ts';
import { CAPABILITIES, everyPlan } from './problems.ts';

// SwiftShader has no shader-f16. Dawn's null backend has: it runs nothing, but reads shaders as any other does.
// Kept: Dawn crashes where what create() gave is collected before its devices.
const nothing = await import('webgpu').then(({ create }) => create(['backend=null']));

test('every shader of float16 compiles with shader-f16, and enables it', async () => {
  const adapter = await nothing.requestAdapter();
  const device = await adapter!.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
  const shaders = everyPlan({ ...CAPABILITIES, toFloat16: 'f16' }).flatMap(({ plan }) =>
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
    [
      'numbers cut off',
      false,
      'return nearest(bitcast<Elements>(bitcast<ElementBits>(v) & ElementBits(0xffffe000u)));',
    ],
    ['ties away from zero', false, 'return nearest(bitcast<Elements>(bitcast<ElementBits>(v) + ElementBits(1u)));'],
    [
      'one number of 2^32 wrong',
      false,
      'return nearest(v) ^ select(ElementBits(), ElementBits(1u), bitcast<ElementBits>(v) == ElementBits(0x33000001u));',
    ],
    [
      'subnormals flushed',
      false,
      'let h = nearest(v); return select(h, h & ElementBits(0x8000u), (h & ElementBits(0x7fffu)) < ElementBits(0x400u));',
    ],
    [
      'a largest number for infinity',
      false,
      'let h = nearest(v); return select(h, ElementBits(0x7bffu), h == ElementBits(0x7c00u));',
    ],
    [
      'neighbours spoiled',
      false,
      'let h = nearest(v); return h | select(ElementBits(), ElementBits(1u), (h.yxwz & ElementBits(0x7fffu)) == ElementBits(0x7c00u));',
    ],
    // Infinities and NaNs apart.
    ...[
      ['behind a number beyond float16', 'Elements(0.0, v.x, 0.0, v.z)'],
      ['before a number beyond float16', 'Elements(v.y, 0.0, v.w, 0.0)'],
    ].map(([where, neighbours]): [string, boolean, string] => [
      `ordinary numbers spoiled ${where}`,
      false,
      `let h = nearest(v); let far = (nearest(${neighbours}) & ElementBits(0x7fffu)) == ElementBits(0x7c00u);
       return h | select(ElementBits(), ElementBits(1u), far & ((h & ElementBits(0x7fffu)) < ElementBits(0x7800u)));`,
    ]),
  ])('%s: %s', async (_name, exact, tried) => {
    const device = await newDevice();
    expect(
      await checkConversions(device, float16CheckCode('bits', `fn tried(v: Elements) -> ElementBits { ${tried} }`)),
    ).toBe(exact);
    device.destroy();
  });

  test('keeps to itself what a device refuses, throws or rejects', async () => {
    const device = await newDevice();
    const uncaptured: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => uncaptured.push(error.message));
    const { createBuffer } = device;
    device.createBuffer = (descriptor) => createBuffer.call(device, { ...descriptor, usage: 0 });
    expect(await checkConversions(device, float16CheckCode('bits'))).toBeNull();
    device.createBuffer = createBuffer;
    // No scope is left open that would hear of this.
    device.createBuffer({ size: 4, usage: 0 });
    await device.queue.onSubmittedWorkDone();
    expect(uncaptured).toHaveLength(1);

    device.popErrorScope = () => Promise.reject(new Error('lost'));
    device.createShaderModule = () => {
      throw new Error('no shaders');
    };
    expect(await checkConversions(device, float16CheckCode('bits'))).toBeNull();
    device.destroy();
  });

  test('is made once for each kind of device, each time where that has no name', async () => {
    const device = await newDevice();
    let checks = 0;
    const submit = device.queue.submit.bind(device.queue);
    device.queue.submit = (commands) => {
      checks++;
      submit(commands);
    };
    const checksOf = async (info: object): Promise<number> => {
      Object.defineProperty(device, 'adapterInfo', { value: info, configurable: true });
      const before = checks;
      await toFloat16On(device);
      return checks - before;
    };
    const named = { vendor: 'a vendor of this test' };
    expect(await checksOf(named)).toBeGreaterThan(0);
    expect(await checksOf(named)).toBe(0);
    const unnamed = { vendor: '', architecture: '', device: '', description: '' };
    expect(await checksOf(unnamed)).toBeGreaterThan(0);
    expect(await checksOf(unnamed)).toBeGreaterThan(0);
    device.destroy();
  });

  test('has no answer where a shader does not compile, or the device is lost', async () => {
    const device = await newDevice();
    expect(
      await checkConversions(device, float16CheckCode('bits', 'fn tried(v: Elements) -> ElementBits { return v; }')),
    ).toBeNull();
    device.destroy();
    expect(await checkConversions(device, float16CheckCode('bits'))).toBeNull();
  });
});
