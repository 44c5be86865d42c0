import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseTensor,
  parseSafetensors,
  type SafetensorsTensor,
  safetensorsPrefix,
  safetensorsPrefixBytes,
} from './safetensors.ts';

function file(header: string | Uint8Array, dataBytes: number): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.from(header).length));
  return Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

function parse(bytes: Uint8Array, fileBytes = bytes.length): SafetensorsTensor[] {
  const prefix = safetensorsPrefixBytes(bytes.subarray(0, 64), fileBytes, 'x.safetensors');
  return parseSafetensors(bytes.subarray(0, prefix), fileBytes, 'x.safetensors');
}

// The example of the format's documentation, byte for byte.
const EXAMPLE = Buffer.from(
  '4800000000000000' + // 72
    Buffer.from('{"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}}').toString('hex') +
    '20'.repeat(12) +
    '01000000020000000300000004000000',
  'hex',
);

describe('files that are right', () => {
  test('the example of the format, padded with spaces', () => {
    expect(parse(EXAMPLE)).toEqual([{ name: 'test', dtype: 'I32', shape: [2, 2], start: 80, end: 96 }]);
  });

  test('tensors in any order, empty ones, scalars, metadata, fields in any order, names with escapes', () => {
    const header =
      '{"b":{"data_offsets":[8,12],"dtype":"F32","shape":[]}, "__metadata__":{"format":"pt"},' +
      '"a\\u00e9\\n":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},"none":{"dtype":"BF16","shape":[0,5],"data_offsets":[8,8]},' +
      '"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[12,13]}}';
    const tensors = parse(file(header, 13));
    expect(tensors.map(({ name }) => name)).toEqual(['b', 'aé\n', 'none', '__proto__']);
  });

  test.each(['null', '{}', '{"a":"1","b":"1"}', ' null '])('"__metadata__": %s', (metadata) => {
    expect(parse(file(`{"__metadata__":${metadata},"a":${tensor(0, 1)}}`, 1))).toHaveLength(1);
  });

  test('a header of many tensors takes time in proportion to its size', () => {
    const some = headerOf(20_000);
    const many = headerOf(200_000);
    const secondsOf = (bytes: Buffer): number => {
      const start = performance.now();
      const found = parse(bytes, bytes.length);
      expect(() => chooseTensor(found, 'none', 'x', '')).toThrow(`${found.length - 8} more`);
      return (performance.now() - start) / 1e3;
    };
    secondsOf(some);
    // 11 MB here, a ninth of what the format allows.
    expect(secondsOf(many)).toBeLessThan(Math.max(1, 60 * secondsOf(some)));
  });

  test('a dtype that is newer than this program is carried over', () => {
    expect(parse(file('{"a":{"dtype":"F2_E1M0","shape":[3],"data_offsets":[0,7]}}', 7))).toHaveLength(1);
  });

  test('what is written is read back, and begins at a multiple of 8', () => {
    const shapes = fc.array(fc.nat(100), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        shapes,
        fc.constantFrom('float32', 'float16', 'bfloat16'),
        (name, shape, dtype) => {
          // A lone surrogate has no UTF-8.
          const well = Buffer.from(name).toString();
          fc.pre(well !== '__metadata__');
          const prefix = safetensorsPrefix(dtype, shape, well);
          const bytes = shape.reduce((n, d) => n * d, 1) * (dtype === 'float32' ? 4 : 2);
          expect(prefix.length % 8).toBe(0);
          const tensors = parse(prefix, prefix.length + bytes);
          expect(chooseTensor(tensors, undefined, 'x', '--tensor')).toMatchObject({
            name: well,
            shape,
            stored: dtype,
            start: prefix.length,
          });
        },
      ),
    );
  });
});

/** Tensors of a byte each, last to first. */
function headerOf(count: number): Buffer {
  const tensors = Array.from({ length: count }, (_, i) => `"layers.${i}.weight":${tensor(count - i - 1, count - i)}`);
  return file(`{${tensors.join()}}`, count);
}

const tensor = (begin: number, end: number): string =>
  `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;

const WRONG_FILES: readonly (readonly [name: string, bytes: Buffer, message: string])[] = [
  ['7 bytes', Buffer.alloc(7), 'is truncated: 7 bytes'],
  [
    'a header of 2^64 - 1',
    Buffer.alloc(16, 255),
    'claims a header of 18446744073709551615 bytes; the format allows 100000000',
  ],
  ['a header past the end', file('{}', 0).subarray(0, 9), 'is truncated: the header ends at byte 10, the file at 9'],
  ['no JSON', file('not json', 0), "its header does not begin with {. It begins with '"],
  ['bytes that are no UTF-8', file(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0), 'has a header that cannot be read'],
  ['a name twice', file(`{"a":${tensor(0, 1)},"a":${tensor(1, 2)}}`, 2), "the tensor 'a' stands twice"],
  [
    'a key of metadata twice',
    file('{"__metadata__":{"a":"1","\\u0061":"2"}}', 0),
    "the key 'a' of __metadata__ stands twice",
  ],
  ['metadata twice', file('{"__metadata__":null,"__metadata__":{}}', 0), "the key '__metadata__' stands twice"],
  ['metadata that are a list', file('{"__metadata__":[]}', 0), "expected '{'"],
  ['half a character in a name', file(`{"\\ud800":${tensor(0, 1)}}`, 1), 'half a character (a lone surrogate)'],
  ['half a character in metadata', file('{"__metadata__":{"a":"\\udc00x"}}', 0), 'half a character (a lone surrogate)'],
  ['half a character in a key of metadata', file('{"__metadata__":{"\\ud83d\\u0041":""}}', 0), 'half a character'],
  [
    'half a character in a dtype',
    file('{"a":{"dtype":"\\udbff","shape":[0],"data_offsets":[0,0]}}', 0),
    'half a character',
  ],
  ['text', Buffer.from('a,b,c\n1,2,3\n'), "is not a .safetensors file: it begins with 'a,b,c\\n1,2,3\\n'"],
  [
    'a pointer of Git LFS',
    Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
    'a pointer of Git LFS in place of the file: git lfs pull',
  ],
  ['a page', Buffer.from('<!DOCTYPE html><html>'), "begins with '<!DOCTYPE html><html>', a page of HTML or XML"],
  ['JSON alone', Buffer.from('{"a":1}'), 'is not a .safetensors file: it begins with \'{"a":1}\''],
  ['a .npy file', Buffer.from('\x93NUMPY\x01\x00v\x00{', 'latin1'), 'a .npy file: let its name end in .npy'],
  [
    'a checkpoint of PyTorch',
    Buffer.from('PK\x03\x04\x00\x00\x00\x08\x00\x00'),
    'a zip file, such as .npz or PyTorch writes',
  ],
  [
    'a header of zeros',
    Buffer.concat([Buffer.from('0400000000000000', 'hex'), Buffer.alloc(4)]),
    'header does not begin with {',
  ],
  ['metadata that are no strings', file('{"__metadata__":{"a":1}}', 0), "expected '\"'"],
  [
    'an unknown field',
    file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1],"x":1}}', 1),
    "the field 'x' of tensor 'a'",
  ],
  ['a missing field', file('{"a":{"dtype":"U8","shape":[]}}', 1), "tensor 'a' needs dtype, shape and two data_offsets"],
  ['three offsets', file('{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1,2]}}', 1), 'two data_offsets'],
  ['a fraction', file('{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}', 1), 'expected an integer'],
  ['a negative length', file('{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', 1), 'expected an integer'],
  [
    'an offset beyond 2^53',
    file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,99999999999999999]}}', 1),
    'expected an integer',
  ],
  [
    'offsets backwards',
    file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}', 1),
    "tensor 'a' begin at byte 1 and end at 0",
  ],
  [
    'a shape that does not fit',
    file('{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}', 20),
    "gives tensor 'a', F32 [2,3], 20 bytes; it needs 24 bytes",
  ],
  [
    'a shape of too many',
    file('{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,20]}}', 20),
    'it needs more than any file holds',
  ],
  [
    'overlapping tensors',
    file(`{"a":${tensor(0, 8)},"b":${tensor(4, 12)}}`, 12),
    "has overlapping tensors: tensor 'a' ends at byte",
  ],
  ['a gap', file(`{"a":${tensor(0, 8)},"b":${tensor(9, 12)}}`, 12), 'has bytes that belong to no tensor'],
  ['truncated elements', file(`{"a":${tensor(0, 8)}}`, 7), "is truncated: tensor 'a' ends at byte"],
  ['trailing bytes', file(`{"a":${tensor(0, 8)}}`, 9), "has trailing bytes: tensor 'a' ends at byte"],
  ['text after the header', file('{} {}', 0), 'unexpected text after the header'],
  ['brackets without end', file(`{"a":${'['.repeat(100_000)}`, 0), "expected '{'"],
];

describe('files that are wrong', () => {
  test.each(WRONG_FILES)('%s', (_name, bytes, message) => {
    expect(() => parse(bytes)).toThrow(message);
    expect(() => parse(bytes)).toThrow(/^RMSNORM_INVALID_FILE: x\.safetensors /);
  });

  test('a long name is shown in part', () => {
    const bytes = file(`{"${'n'.repeat(10_000)}":${tensor(0, 8)}}`, 9);
    expect(() => parse(bytes)).toThrow(/'n{60}\.\.\.'/);
  });

  test('any bytes at all give tensors or an error of ours', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.json().map((json) => file(json, 4)),
      fc
        .tuple(fc.array(fc.tuple(fc.nat(EXAMPLE.length - 1), fc.nat(255)), { maxLength: 3 }), fc.nat(EXAMPLE.length))
        .map(([changes, length]) => {
          const changed = Uint8Array.from(EXAMPLE);
          for (const [at, value] of changes) changed[at] = value;
          return changed.subarray(0, length);
        }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        try {
          return parse(input).every(({ start, end }) => start <= end && end <= input.length);
        } catch (error) {
          return (error as Error).message.startsWith('RMSNORM_INVALID_FILE: x.safetensors ');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('which tensor is meant', () => {
  const tensors = parse(
    file(
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I8","shape":[3],"data_offsets":[8,11]}}',
      11,
    ),
  );

  test('the one that is named', () => {
    expect(chooseTensor(tensors, 'a', 'x', '--tensor NAME')).toMatchObject({ name: 'a', stored: 'float32' });
  });

  test.each([
    [undefined, "x has 2 tensors: name one with --tensor NAME; it has 'a' (F32 [2]), 'b' (I8 [3])"],
    ['c', "x has no tensor 'c': name one with --tensor NAME; it has 'a' (F32 [2]), 'b' (I8 [3])"],
    ['b', "RMSNORM_DTYPE: tensor 'b' of x is I8; F32, F16 or BF16 is needed"],
  ])('%s', (wanted, message) => {
    expect(() => chooseTensor(tensors, wanted, 'x', '--tensor NAME')).toThrow(message);
  });
});
