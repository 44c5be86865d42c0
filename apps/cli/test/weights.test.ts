import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode, type HostTensor, RMSNorm, reference } from '@rmsnorm/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostTensor, inProcess, newFolder, numbers, readNpy, safetensorsBytes, writeNpy } from './rmsnorm.ts';

const backend = await reference().create();
afterAll(() => backend.dispose());

const x = hostTensor([3, 12, 5]);
const RUN = 'run x.npy -o y.npy --force --dim 12 --backend reference --quiet';
let folder = '';
beforeAll(() => {
  folder = newFolder();
  writeNpy(join(folder, 'x.npy'), x);
});

describe('--weights is the state dict of an RMSNorm', () => {
  const norm = new RMSNorm({ dim: 12, bias: true });
  norm.gamma = { dtype: 'float32', shape: [12], data: numbers(12, 7) };
  norm.beta = { dtype: 'bfloat16', shape: [3, 4], data: encode(numbers(12, 8), 'bfloat16') as Uint16Array };

  test('saved alone, with its bias', async () => {
    const { weight, bias } = norm.stateDict();
    writeFileSync(join(folder, 'norm.safetensors'), safetensorsBytes({ weight: weight!, bias: bias! }));
    expect(await inProcess(folder, `${RUN} --weights norm.safetensors`)).toMatchObject({ code: 0, stderr: '' });
    expect(readNpy(join(folder, 'y.npy'))).toEqual(await norm.apply(x, backend));
  });

  test('in a model, behind its prefix, without a bias; other layers are not looked at', async () => {
    const prefix = 'model.layers.0.input_layernorm.';
    const plain = new RMSNorm({ dim: 12, weightOffset: 1 });
    plain.loadStateDict({ weight: norm.stateDict().weight! });
    const other: HostTensor = { dtype: 'float32', shape: [2], data: numbers(2) };
    const model = { weight: other, bias: other, [`${prefix}weight`]: plain.gamma!, 'model.norm.bias': other };
    writeFileSync(join(folder, 'model.safetensors'), safetensorsBytes(model));
    const args = `--weights model.safetensors --prefix ${prefix} --weight-offset 1`;
    expect(await inProcess(folder, `${RUN} ${args}`)).toMatchObject({ code: 0, stderr: '' });
    expect(readNpy(join(folder, 'y.npy'))).toEqual(await plain.apply(x, backend));
  });
});

test.each([
  [
    '--prefix model.layers.1.input_norm',
    2,
    "RMSNORM_INVALID_OPTION: --weights many.safetensors has no tensor 'model.layers.1.input_normweight': --prefix is what " +
      "stands before 'weight', with its dot; the nearest: 'model.layers.1.input_norm.weight' (F32 [12]), ",
  ],
  ['--prefix nothing.of.that.', 2, ', 23 more\n'],
  [
    '--prefix model.layers.2.input_norm.',
    1,
    "RMSNORM_SHAPE: --weights many.safetensors: 'model.layers.2.input_norm.weight' has shape [2, 5], 10 elements; --dim asks for 12",
  ],
  [
    '--prefix model.layers.3.input_norm.',
    1,
    "RMSNORM_DTYPE: tensor 'model.layers.3.input_norm.bias' of many.safetensors is I8; F32, F16 or BF16 is needed",
  ],
])('%s', async (args, expected, message) => {
  const gamma: HostTensor = { dtype: 'float32', shape: [12], data: numbers(12) };
  const names = Array.from({ length: 30 }, (_, i) => `model.layers.${i}.input_norm.weight`);
  const model: Parameters<typeof safetensorsBytes>[0] = {
    ...Object.fromEntries(names.map((name) => [name, gamma])),
    'model.layers.2.input_norm.weight': { dtype: 'float32', shape: [2, 5], data: numbers(10) },
    'model.layers.3.input_norm.bias': { dtype: 'I8', shape: [12], data: new Uint8Array(12) },
    weight: gamma,
  };
  writeFileSync(join(folder, 'many.safetensors'), safetensorsBytes(model));
  const { code, stderr } = await inProcess(folder, `${RUN} --weights many.safetensors ${args}`);
  expect(stderr).toContain(message);
  expect(code).toBe(expected);
});
