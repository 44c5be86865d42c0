import { describe, expect, test } from 'vitest';
import { code } from '../../test/samples.ts';
import type { HostTensor } from '../values/host-data.ts';
import { hostTensor } from '../values/host-tensor.ts';
import { RMSNorm } from './rms-norm.ts';

const of = (...values: number[]): HostTensor => hostTensor(values);
const norm = (): RMSNorm => new RMSNorm({ dim: 2, bias: true });

describe('a state dict', () => {
  test('goes out and in as copies, all or nothing', () => {
    const one = norm();
    one.gamma!.data.set([5, 6]);
    const dict = one.stateDict();
    const other = norm();
    other.loadStateDict(dict);
    dict.weight!.data[0] = 9;
    expect(other.gamma?.data).toEqual(Float32Array.of(5, 6));

    expect(() => other.loadStateDict({ weight: dict.weight! })).toThrow(/no 'bias'/);
    expect(() => other.loadStateDict({ weight: dict.weight!, bias: of(1, 2, 3) })).toThrow(code('SHAPE'));
    expect(() => other.loadStateDict({ ...dict, gamma: of(1, 2) } as never)).toThrow(
      /'gamma', which is neither weight nor bias/,
    );
    expect(() => new RMSNorm(2).loadStateDict(dict)).toThrow(/has 'bias': this norm has none/);
    expect(other.gamma?.data).toEqual(Float32Array.of(5, 6));
    expect(new RMSNorm({ dim: 2, affine: false }).stateDict()).toEqual({});
  });

  const model = {
    'model.embed.weight': of(0, 0, 0),
    'model.layers.0.input_layernorm.weight': of(1, 2),
    'model.layers.0.input_layernorm.bias': of(3, 4),
    'model.layers.1.input_layernorm.weight': of(5, 6),
    'model.layers.1.input_layernorm.bias': of(7, 8),
    'model.norm.weight': of(9, 10),
  };

  test('of a whole model: a prefix says which layer', () => {
    const layer = norm();
    layer.loadStateDict(model, { prefix: 'model.layers.1.input_layernorm.' });
    expect(layer.stateDict()).toMatchObject({ weight: of(5, 6), bias: of(7, 8) });
    new RMSNorm(2).loadStateDict(model, { prefix: 'model.norm.' });
  });

  test.each([
    ['model.layers.0.input_layernorm', 'model.layers.0.input_layernorm.'],
    ['layers.1.input_layernorm.', 'model.layers.1.input_layernorm.'],
    ['model.layers.0.inputLayerNorm.', 'model.layers.0.input_layernorm.'],
    ['norm.', 'model.norm.'],
  ])('a prefix that nothing has, %s: the nearest is named', (prefix, near) => {
    const load = () => new RMSNorm(2).loadStateDict(model, { prefix });
    expect(load).toThrow(code('INVALID_OPTION'));
    expect(load).toThrow(`the state dict has no '${prefix}weight': did you mean { prefix: '${near}' }?`);
  });

  test('a prefix that nothing has is an error of a norm without weights, too', () => {
    const bare = new RMSNorm({ dim: 2, affine: false });
    expect(() => bare.loadStateDict(model, { prefix: 'model.nrom.' })).toThrow(/no 'model.nrom.\*': did you mean/);
    bare.loadStateDict({});
  });

  test('gamma that has lost its memory is an error, and no empty weight', () => {
    const memory = new ArrayBuffer(8);
    const one = new RMSNorm(2);
    one.gamma = hostTensor(new Float32Array(memory));
    structuredClone(memory, { transfer: [memory] });
    expect(() => one.stateDict()).toThrow(code('SHAPE'));
  });

  test('no prefix for a whole model: one is named', () => {
    expect(() => new RMSNorm(2).loadStateDict(model)).toThrow(/no 'weight': did you mean \{ prefix: 'model\..*' \}\?/);
  });

  test('a name below the prefix that is neither, and one that is inherited', () => {
    const load = (dict: object) => () => new RMSNorm(2).loadStateDict(dict as never, { prefix: 'norm.' });
    const near = /'norm\.wieght', which is neither weight nor bias: did you mean 'norm\.weight'\?/;
    expect(load({ 'norm.weight': of(1, 2), 'norm.wieght': of(1, 2) })).toThrow(near);
    expect(load(Object.create({ 'norm.weight': of(1, 2) }))).toThrow(/no 'norm\.weight'/);
  });

  test('what a model has in millions is no trouble', () => {
    const names = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`layers.${i}.norm.weight`, of(1, 2)]));
    expect(() => new RMSNorm(2).loadStateDict(names, { prefix: 'layer.7.norm.' })).toThrow(/'layers\.7\.norm\.'/);
  });
});
