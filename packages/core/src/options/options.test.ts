import { describe, expect, test } from 'vitest';
import { isRMSNormError } from '../values/errors.ts';
import { type RMSNormOptions, resolveOptions } from './options.ts';
import { presets } from './presets.ts';

describe('resolveOptions', () => {
  test('fills in the defaults of the contract', () => {
    expect(resolveOptions({ dim: 512 })).toEqual({
      dims: [512],
      features: 512,
      groups: 1,
      size: 512,
      statSize: 512,
      axis: 1,
      eps: 1e-6,
      epsMode: 'add',
      scale: Math.sqrt(512),
      scaleGiven: false,
      alpha: 1,
      partial: 1,
      affine: true,
      bias: false,
      weightOffset: 0,
      casting: 'gemma',
      normBeforeGate: false,
    });
  });

  test.each([
    [8, 0.5, 4],
    [7, 0.5, 3],
    [3, 0.1, 1],
    [10, 1, 10],
    [100, 0.29, 28], // floor(28.999999999999996), as Python and PyTorch code has it
  ])('%i features, partial %d: %i in the statistic', (dim, partial, statSize) => {
    expect(resolveOptions({ dim, partial }).statSize).toBe(statSize);
  });

  test('sizes follow from dim and groups', () => {
    const { features, groups, size, alpha } = resolveOptions({ dim: [4, 6], groups: 3, scale: 2 });
    expect({ features, groups, size, alpha }).toEqual({ features: 24, groups: 3, size: 8, alpha: 2 / Math.sqrt(8) });
  });

  const bad: [RMSNormOptions | unknown, string][] = [
    [undefined, 'must be an object'],
    [{}, 'dim is required'],
    [{ dim: [] }, 'dim is required'],
    [{ dim: '8' }, 'dim is required'],
    [{ dim: 0 }, 'positive integers'],
    [{ dim: 1.5 }, 'positive integers'],
    [{ dim: [4, -1] }, 'positive integers'],
    [{ dim: [2 ** 40, 2 ** 40] }, 'more elements'],
    [{ dim: 8, groups: 0 }, 'positive integer'],
    [{ dim: 8, groups: 3 }, '8 features, 3 groups'],
    [{ dim: 8, axis: 0.5 }, 'axis'],
    [{ dim: 8, eps: -1 }, 'eps'],
    [{ dim: 8, eps: Number.NaN }, 'eps'],
    [{ dim: 8, eps: '1e-6' }, 'eps'],
    [{ dim: 8, epsMode: 'max' }, 'epsMode'],
    [{ dim: 8, scale: 0 }, 'scale'],
    [{ dim: 8, scale: Number.POSITIVE_INFINITY }, 'scale'],
    [{ dim: 8, partial: 0 }, 'partial'],
    [{ dim: 8, partial: 1.01 }, 'partial'],
    [{ dim: 8, partial: 0.5, epsMode: 'clamp' }, 'needs partial = 1'],
    [{ dim: 8, affine: 1 }, 'affine'],
    [{ dim: 8, bias: 'yes' }, 'bias'],
    [{ dim: 8, affine: false, weightOffset: 1 }, 'needs a gamma'],
    [{ dim: 8, weightOffset: Number.NaN }, 'weightOffset'],
    [{ dim: 8, casting: 'torch' }, 'casting'],
    [{ dim: 8, epsilon: 1e-5 }, "no option 'epsilon'"],
  ];
  test.each(bad)('%j is INVALID_OPTION: %s', (options, message) => {
    let error: unknown;
    try {
      resolveOptions(options as RMSNormOptions);
    } catch (caught) {
      error = caught;
    }
    expect(isRMSNormError(error, 'INVALID_OPTION')).toBe(true);
    expect(String(error)).toContain('RMSNORM_INVALID_OPTION: ');
    expect(String(error)).toContain(message);
  });
});

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
});
