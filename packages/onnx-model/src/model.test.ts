import { expect, it } from 'vitest';
import { onnxModel } from './model.ts';
import type { OnnxType } from './value.ts';

it('writes the bytes that the ONNX schema asks for', () => {
  const model = onnxModel(
    {
      nodes: [
        {
          op: 'Relu',
          inputs: ['x'],
          output: 'y',
          attributes: { a: { int: -1 }, f: { float: 1 }, p: { ints: [2, 3] } },
        },
      ],
      inputs: [{ name: 'x', type: 'float32', dims: [2] }],
      outputs: [{ name: 'y', type: 'float16', dims: [] }],
      initializers: [{ name: 'w', type: 'int64', dims: [1], data: new BigInt64Array([5n]) }],
    },
    23,
  );
  const hex = [
    '080b', // ir_version 11
    '3a72', // graph
    '0a38', // node
    '0a0178', // input x
    '120179', // output y
    '220452656c75', // op_type Relu
    '2a11' + '0a0161' + '18ffffffffffffffffff01' + 'a00102', // attribute a = -1, INT
    '2a0b' + '0a0166' + '150000803f' + 'a00101', // attribute f = 1.0, FLOAT
    '2a0a' + '0a0170' + '4002' + '4003' + 'a00107', // attribute p = [2, 3], INTS
    '12056772617068', // name 'graph'
    '2a11' + '0801' + '1007' + '420177' + '4a080500000000000000', // initializer w, int64 [1]
    '5a0f' + '0a0178' + '120a' + '0a08' + '0801' + '1204' + '0a02' + '0802', // input x, float32 [2]
    '620b' + '0a0179' + '1206' + '0a04' + '080a' + '1200', // output y, float16 []
    '4204' + '0a00' + '1017', // opset_import '' 23
  ].join('');
  expect(Buffer.from(model).toString('hex')).toBe(hex);
});

it('numbers the types as the schema does', () => {
  const types = { float32: 1, int8: 3, int64: 7, float16: 10, bfloat16: 16 } as const;
  for (const [type, number] of Object.entries(types)) {
    const outputs = [{ name: 'y', type: type as OnnxType, dims: [] }];
    const bytes = onnxModel({ nodes: [], inputs: [], outputs, initializers: [] }, 23);
    const hex = `620b0a017912060a0408${number.toString(16).padStart(2, '0')}1200`;
    expect(Buffer.from(bytes).toString('hex')).toContain(hex);
  }
});

it('takes an array that begins within its buffer', () => {
  const data = new Float32Array([1, 2, 3]).subarray(1, 2);
  const model = onnxModel(
    { nodes: [], inputs: [], outputs: [], initializers: [{ name: 'w', type: 'float32', dims: [1], data }] },
    23,
  );
  // raw_data: 4 bytes, 2.0
  expect(Buffer.from(model).toString('hex')).toContain('4a0400000040');
});

it('refuses what is no model', () => {
  expect(() => onnxModel({ nodes: [], inputs: [], outputs: [], initializers: [] }, 'new' as never)).toThrow(
    'not a model',
  );
});
