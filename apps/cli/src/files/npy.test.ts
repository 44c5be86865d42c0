import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NPY_START_BYTES, type NpyArray, npyPrefix, npyPrefixBytes, parseNpy } from './npy.ts';

/** Made by NumPy: see make-fixtures.py there. */
const fixture = (name: string): Buffer => readFileSync(new URL(`../../test/fixtures/${name}.npy`, import.meta.url));

function parse(file: Uint8Array, fileBytes = file.length): NpyArray {
  const prefix = npyPrefixBytes(file.subarray(0, NPY_START_BYTES), fileBytes, 'x.npy');
  return parseNpy(file.subarray(0, prefix), fileBytes, 'x.npy');
}

function withHeader(header: string, dataBytes = 0): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header),
    Buffer.alloc(dataBytes),
  ]);
}

describe('files of NumPy', () => {
  test.each([
    ['float32', 'float32', [2, 3]],
    ['float16', 'float16', [2, 3]],
    ['float64', 'float64', [2, 3]],
    ['vector', 'float32', [3]],
    ['scalar', 'float32', []],
    ['empty', 'float32', [0, 3]],
    ['version2', 'float32', [2, 3]],
    ['version3', 'float32', [2, 3]],
  ])('%s', (name, dtype, shape) => {
    const file = fixture(name);
    const array = parse(file);
    expect(array).toEqual({ stored: dtype, bigEndian: false, shape, start: 128, end: file.length });
  });

  test('the elements are where the header says', () => {
    const file = fixture('float32');
    const { start } = parse(file);
    expect([0, 1, 2, 3, 4, 5].map((i) => file.readFloatLE(start + 4 * i))).toEqual([-0.5, -0.25, 0, 0.25, 0.5, 0.75]);
  });

  test.each([
    [
      'big-endian',
      "RMSNORM_DTYPE: x.npy is big endian (>f4); float32 (<f4) or float16 (<f2) is needed: numpy.save(file, x.astype('<f4'))",
    ],
    [
      'fortran',
      'RMSNORM_INVALID_FILE: x.npy is in Fortran order; save it in C order: numpy.save(file, numpy.ascontiguousarray(x))',
    ],
    [
      'int64',
      "RMSNORM_DTYPE: x.npy holds <i8; float32 (<f4) or float16 (<f2) is needed: numpy.save(file, x.astype('<f4'))",
    ],
    [
      'records',
      'RMSNORM_DTYPE: x.npy holds records of a structured dtype; float32 (<f4) or float16 (<f2) is needed: save one field of it',
    ],
  ])('%s is refused, with the way out', (name, message) => {
    expect(() => parse(fixture(name))).toThrow(message);
  });

  test.each([
    ['float32', 'float32', [2, 3]],
    ['float16', 'float16', [2, 3]],
    ['vector', 'float32', [3]],
    ['scalar', 'float32', []],
    ['empty', 'float32', [0, 3]],
  ] as const)('what is written before the elements is what NumPy writes: %s', (name, dtype, shape) => {
    expect(Buffer.from(npyPrefix(dtype, shape))).toEqual(fixture(name).subarray(0, 128));
  });
});

const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

const WRONG_FILES: readonly (readonly [name: string, file: Buffer, message: string])[] = [
  [
    'truncated elements',
    withHeader(header, 23),
    'is truncated: (2, 3) of float32 from byte 69 on ends at byte 93, the file at 92',
  ],
  [
    'trailing bytes',
    withHeader(header, 25),
    'has trailing bytes: (2, 3) of float32 from byte 69 on ends at byte 93, the file at 94',
  ],
  ['no magic string', Buffer.from('PK\x03\x04 an .npz is a zip'), 'is not a .npy file'],
  ['two bytes', Buffer.from('\x93N', 'latin1'), 'is not a .npy file'],
  ['the magic string alone', Buffer.from('\x93NUMPY', 'latin1'), 'is truncated: 6 bytes'],
  ['a version to come', Buffer.from('\x93NUMPY\x04\x00\x00\x00\x00\x00', 'latin1'), 'has .npy version 4.0'],
  [
    'a header past the end',
    Buffer.from('\x93NUMPY\x01\x00\xff\x00{', 'latin1'),
    'is truncated: the header ends at byte 265, the file at 11',
  ],
  [
    'a header of 4 GB',
    Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'),
    'claims a header of 4294967295 bytes; at most 1048576',
  ],
  ['another key', withHeader("{'descr': '<f4', 'order': False, 'shape': (2, 3)}"), "the keys 'descr, order, shape'"],
  ['a key twice', withHeader("{'descr': '<f4', 'descr': '<f2'}"), "the key 'descr' stands twice"],
  [
    'a shape that is no tuple',
    withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (3)}"),
    'shape is not a tuple',
  ],
  [
    'a negative length',
    withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3)}"),
    'shape is not a tuple',
  ],
  [
    'a length beyond 2^53',
    withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
    'shape is not a tuple',
  ],
  [
    'more elements than can be',
    withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"),
    'more than any file holds',
  ],
  ['code', withHeader("__import__('os').system('true')"), 'has a header that cannot be read'],
  ['brackets without end', withHeader('['.repeat(60_000)), 'nested deeper than 32'],
  ['nothing in the header', withHeader(''), 'has a header that cannot be read'],
];

describe('what NumPy reads as well', () => {
  const of = (descr: string, order = 'False', shape = '(2, 3)'): string =>
    `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

  test.each([
    ['float32', 4, ['<f4', '=f4', '|f4', 'f4', 'f', '<f', '=f', 'f04', 'float32', 'single']],
    ['float16', 2, ['<f2', '=f2', '|f2', 'f2', 'e', '<e', 'float16', 'half']],
    ['float64', 8, ['<f8', '=f8', '|f8', 'f8', 'd', '<d', 'float64', 'double', 'float']],
  ] as const)('all names of %s', (stored, bytes, descrs) => {
    for (const descr of descrs) {
      expect(parse(withHeader(of(`'${descr}'`), 6 * bytes))).toMatchObject({ stored, bigEndian: false });
    }
  });

  test.each([
    String.raw`'\x3cf4'`,
    String.raw`'\074f4'`,
    String.raw`'\u003cf4'`,
    String.raw`'\U0000003cf\u0034'`,
    "'<\\\nf4'",
    '"<f4"',
    "u'<f4'",
    "r'<f4'",
    "'<' 'f4'",
    "'''<f4'''",
    "'<'\n  \"f\" r'4'",
  ])('a string as Python reads it: %j', (descr) => {
    expect(parse(withHeader(of(descr), 24)).stored).toBe('float32');
  });

  test.each(['(3,)', '()', '(1, 3, 1)', '(3, 1)', '(1, 1)', '(0, 3)', '(4, 0, 3)'])(
    'fortran_order: True, where the order means nothing: %s',
    (shape) => {
      const count =
        shape
          .match(/\d+/g)
          ?.map(Number)
          .reduce((product, length) => product * length, 1) ?? 1;
      expect(parse(withHeader(of("'<f4'", 'True', shape), 4 * count)).stored).toBe('float32');
    },
  );

  test.each([
    ['(0x2, 0b11)', [2, 3]],
    ['(+2, 0o3,)', [2, 3]],
    ['(1_0,\r\n\f1)', [10, 1]],
  ])('a shape as Python reads it: %s', (text, shape) => {
    const count = shape[0]! * shape[1]!;
    expect(parse(withHeader(of("'<f4'", 'False', text), 4 * count)).shape).toEqual(shape);
  });

  test.each([
    ["'>f4'", 'is big endian (>f4)'],
    ["'<f4\n'", 'a string without an end'],
    [String.raw`'\x3'`, 'a wrong escape in a string'],
    [String.raw`'\N{LESS-THAN SIGN}f4'`, 'a wrong escape in a string'],
    [String.raw`'\U00110000'`, 'a wrong escape in a string'],
    [String.raw`'\<f4'`, 'holds \\<f4'],
    ["b'<f4'", 'has a header that cannot be read'],
    ["'<float32'", 'holds <float32'],
    ["'f4,'", 'holds f4,'],
    ["'<f3'", 'holds <f3'],
    ["'(1,)f4'", 'holds (1,)f4'],
    ["'<c8'", 'holds <c8'],
    ['(0_1, 3)', 'has a header that cannot be read'],
  ])('and not %s', (descr, message) => {
    const text = descr.startsWith('(') ? of("'<f4'", 'False', descr) : of(descr);
    expect(() => parse(withHeader(text, 24))).toThrow(message);
  });

  test('numbers of any plain type, to be cast', () => {
    for (const [descr, stored, bytes, bigEndian] of [
      ['>f4', 'float32', 4, true],
      ['>f2', 'float16', 2, true],
      ['<i8', 'int64', 8, false],
      ['>u2', 'uint16', 2, true],
      ['|i1', 'int8', 1, false],
      ['>i1', 'int8', 1, false],
      ['|b1', 'bool', 1, false],
      ['?', 'bool', 1, false],
      ['uint32', 'uint32', 4, false],
    ] as const) {
      const file = withHeader(of(`'${descr}'`), 6 * bytes);
      expect(parseNpy(file.subarray(0, -6 * bytes), file.length, 'x.npy', true)).toMatchObject({ stored, bigEndian });
      expect(() => parse(file)).toThrow('where this is IN, --cast float32 does the same');
    }
  });
});

test.each([
  [
    'PK\x03\x04 an .npz',
    "it begins with 'PK\\x03\\x04 an .npz', a zip file, such as .npz or PyTorch writes: load it there",
  ],
  [
    'version https://git-lfs.github.com/spec/v1\noid sha256:',
    "'version https://git-lfs.', a pointer of Git LFS in place of the file: git lfs pull",
  ],
  ['<!DOCTYPE html>', "it begins with '<!DOCTYPE html>', a page of HTML or XML"],
  ['{"error":"\u0438', 'it begins with \'{"error":"\u0438\''],
  ['a,b\n\x1b[2J', "it begins with 'a,b\\n\\x1b[2J'"],
])('another kind of file is shown: %s', (text, message) => {
  expect(() => parse(Buffer.from(text))).toThrow(`RMSNORM_INVALID_FILE: x.npy is not a .npy file: `);
  expect(() => parse(Buffer.from(text))).toThrow(message);
});

describe('files that are wrong', () => {
  test.each(WRONG_FILES)('%s', (_name, file, message) => {
    expect(() => parse(file)).toThrow(message);
    expect(() => parse(file)).toThrow(/^RMSNORM_INVALID_FILE: x\.npy /);
  });

  test('headers of Python 2, and in other styles, are read', () => {
    const file = withHeader(`{"shape": (2L, 3L,),'fortran_order':False,\n 'descr': "<f4"}  \n`, 24);
    expect(parse(file)).toMatchObject({ stored: 'float32', shape: [2, 3] });
  });

  test('any bytes at all give an array or an error of ours', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // Valid files with a few bytes changed go deeper.
      fc.tuple(fc.array(fc.tuple(fc.nat(151), fc.nat(255)), { maxLength: 4 }), fc.nat(152)).map(([changes, length]) => {
        const file = Uint8Array.from(fixture('float32'));
        for (const [at, value] of changes) file[at] = value;
        return file.subarray(0, length);
      }),
    );
    fc.assert(
      fc.property(bytes, (file) => {
        try {
          const { start, end } = parse(file);
          return start <= end && end === file.length;
        } catch (error) {
          return /^RMSNORM_(INVALID_FILE|DTYPE): x\.npy /.test((error as Error).message);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('what is written is read back, whatever the shape', () => {
  const shapes = fc
    .array(fc.nat(1000), { maxLength: 32 })
    .filter((shape) => shape.reduce((n, d) => n * d, 1) < 2 ** 50);
  fc.assert(
    fc.property(shapes, fc.constantFrom('float32' as const, 'float16' as const), (shape, dtype) => {
      const prefix = npyPrefix(dtype, shape);
      const bytes = shape.reduce((n, d) => n * d, 1) * (dtype === 'float32' ? 4 : 2);
      expect(prefix.length % 64).toBe(0);
      expect(parse(prefix, prefix.length + bytes)).toMatchObject({ stored: dtype, shape, start: prefix.length });
    }),
  );
});
