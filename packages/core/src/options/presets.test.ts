import { describe, expect, test } from 'vitest';
import { code } from '../../test/samples.ts';
import { RMSNorm } from '../api/rms-norm.ts';
import { createBackend } from '../backend/create-backend.ts';
import { ReferenceDriver } from '../reference/driver.ts';
import { resolveOptions } from './options.ts';
import { presets } from './presets.ts';

describe('presets', () => {
  test('name the options of the contract', () => {
    expect(presets.zeta(64, 8)).toEqual({
      dim: [8, 64],
      axis: 1,
      groups: 8,
      scale: 1 / 8,
      epsMode: 'clamp',
      eps: 1e-12,
    });
    expect(presets.torch([4, 5])).toEqual({ dim: [4, 5], axis: -2, eps: 2 ** -23 });
    expect(presets.onnx(8)).toEqual({ dim: 8, axis: -1, eps: 1e-5, casting: 'llama' });
    expect(presets.onnx([4, 5], { eps: 0.1 })).toEqual({ dim: [4, 5], axis: -2, eps: 0.1, casting: 'llama' });
    expect(presets.llama(8)).toEqual({ dim: 8, axis: -1, eps: 1e-6, casting: 'llama' });
    expect(presets.gemma(8)).toEqual({ dim: 8, axis: -1, eps: 1e-6, weightOffset: 1 });
    expect(presets.mamba2(8, 2)).toEqual({ dim: 8, axis: -1, groups: 2, eps: 1e-5, normBeforeGate: false });
  });

  test('all resolve', () => {
    for (const options of [
      presets.zeta(8),
      presets.torch(8),
      presets.onnx([2, 4]),
      presets.llama(8),
      presets.gemma(8),
      presets.mamba2(8),
    ]) {
      expect(resolveOptions(options).features).toBe(8);
    }
  });

  test("null is the library's own default, of every parameter", () => {
    expect(presets.zeta(8, null)).toEqual(presets.zeta(8));
    expect(presets.torch([8], null)).toEqual(presets.torch([8]));
    expect(presets.torch([8], null).eps).toBe(2 ** -23);
    expect(presets.onnx(8, null)).toEqual(presets.onnx(8));
    expect(presets.onnx(8, { axis: null, eps: null, casting: null })).toEqual(presets.onnx(8));
    expect(presets.llama(8, null)).toEqual(presets.llama(8));
    expect(presets.gemma(8, null)).toEqual(presets.gemma(8));
    expect(presets.mamba2(8, null, null, null)).toEqual(presets.mamba2(8));
  });
  test.each<[string, unknown]>([
    ['a Map', new Map([['eps', 1]])],
    ['an array', []],
    ['a Date', new Date(0)],
    ['the preset itself', presets.onnx],
  ])('presets.onnx refuses %s in place of its options', (_what, given) => {
    expect(() => presets.onnx([4], given as never)).toThrow(code('INVALID_OPTION'));
  });

  test('presets.onnx reads options that are inherited, as all that takes options does', () => {
    expect(presets.onnx([4], Object.create({ eps: 1e-3 })).eps).toBe(1e-3);
    expect(() => presets.onnx([4], Object.create({ epsilon: 1e-3 }))).toThrow(code('INVALID_OPTION'));
  });

  test.each<[string, (...args: unknown[]) => unknown, string]>([
    ['zeta', () => presets.zeta(...([8, 1, 7] as never as [8, 1])), 'presets.zeta(dim, groups)'],
    ['torch', () => presets.torch(...([8, 1e-5, 7] as never as [8, 1e-5])), 'presets.torch(normalizedShape, eps)'],
    ['onnx', () => presets.onnx(...([8, {}, 7] as never as [8])), 'presets.onnx(dims, { axis, eps, casting })'],
    ['llama', () => presets.llama(...([4, 1e-5, 7] as never as [4, 1e-5])), 'presets.llama(dim, eps)'],
    ['gemma', () => presets.gemma(...([4, 1e-5, 7] as never as [4, 1e-5])), 'presets.gemma(dim, eps)'],
    [
      'mamba2',
      () => presets.mamba2(...([8, 1, 1e-5, true, 7] as never as [8])),
      'presets.mamba2(dim, groups, eps, normBeforeGate)',
    ],
  ])('%s says which argument is too many', (_name, call, usage) => {
    expect(call).toThrow(code('INVALID_OPTION'));
    expect(call).toThrow(/argument [35] is too many, 7: write /);
    expect(call).toThrow(usage);
  });

  test('a row of 1e-4 with eps null has the value of torch.nn.RMSNorm with eps None', async () => {
    const backend = createBackend(new ReferenceDriver());
    const norm = new RMSNorm(presets.torch([8], JSON.parse('{ "eps": null }').eps));
    const y = await norm.forward(backend.tensor(new Array(8).fill(1e-4), [1, 8])).data();
    expect(y[0]).toBeCloseTo(0.278197, 6);
    expect(() => new RMSNorm({ dim: 8, eps: null as never })).toThrow(code('INVALID_OPTION'));
  });

  test.each(Object.keys(presets) as (keyof typeof presets)[])('%s that is spread but not called is refused', (name) => {
    const message = `presets.${name} is a function: call it with dim, as in ...presets.${name}(512)`;
    const uncalled = presets[name] as object;
    expect(() => new RMSNorm({ dim: 8, axis: -1, ...uncalled })).toThrow(code('INVALID_OPTION'));
    expect(() => new RMSNorm({ dim: 8, axis: -1, ...uncalled })).toThrow(message);
    expect(() => new RMSNorm(Object.assign({ dim: 8 }, uncalled))).toThrow(message);
    expect(() => new RMSNorm(presets[name] as never)).toThrow(message);
    const merged: Record<string, unknown> = { dim: 8 };
    for (const key in uncalled) merged[key] = (uncalled as Record<string, unknown>)[key];
    expect(() => new RMSNorm(merged as never)).toThrow(message);
  });

  test('that of another copy of this package is refused, too', async () => {
    const copy: typeof import('./presets.ts') = await import(`${'./presets.ts'}?copy`);
    expect(() => new RMSNorm({ dim: 8, ...copy.presets.llama } as never)).toThrow('presets.llama is a function');
  });

  test('the options of what was called may be changed', () => {
    expect(new RMSNorm({ ...presets.llama(8), eps: 1e-5 }).options).toMatchObject({ eps: 1e-5, casting: 'llama' });
  });
});
