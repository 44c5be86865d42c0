/** What may alter a terminal or a log: control, formatting and separating characters, and halves of pairs. */
export const UNSAFE: RegExp = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** As {@link UNSAFE}, but for the ends of lines, which stand between the rows of a table. */
export const UNSAFE_IN_MESSAGES: RegExp = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

const boom = (): never => {
  throw new Error('called');
};

const GETTER: PropertyDescriptor = { get: boom, enumerable: true };

/** What is read of objects of options, host tensors, signals, norms, drivers and providers. */
const READ = [
  'out',
  'rstd',
  'data',
  'shape',
  'dtype',
  'options',
  'dims',
  'weight',
  'prefix',
  'signal',
  'aborted',
  'name',
  'ok',
];

/** Values that throw a bare error, or never end, where a program turns them into text or numbers without care. */
export function hostileValues(): [name: string, value: unknown][] {
  const cyclic: Record<string, unknown> = { dim: 8 };
  cyclic.self = cyclic;
  const cyclicArray: unknown[] = [];
  cyclicArray.push(cyclicArray);
  const silent = Object.create(null) as object;
  const converting = { toString: boom, valueOf: boom, toJSON: boom, [Symbol.toPrimitive]: boom };
  return [
    ['null', null],
    ['a bigint', 8n],
    ['a bigint of 90,000 digits', 1n << 300_000n],
    ['a symbol', Symbol('s')],
    ['a function', () => 8],
    ['NaN', Number.NaN],
    ['a negative number', -1],
    ['a string', 'abc'],
    ['an escape sequence', '\u001b[2J\u202e\u2028\r\n\0'],
    ['a long string', 'x'.repeat(100_000)],
    ['half of a pair', '\ud800'],
    ['the name of an inherited property', 'constructor'],
    ['a prototype', '__proto__'],
    ['an empty object', {}],
    ['an object without prototype', silent],
    ['an object that cannot be converted', converting],
    ['an array of such', [converting, converting]],
    ['a cyclic object', cyclic],
    ['a cyclic array', cyclicArray],
    ['bigints', [1n, 2n]],
    ['symbols', [Symbol('a')]],
    ['a long array', new Array(300_000).fill(1)],
    ['an array with holes', new Array(3)],
    ['many keys', Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key ${i} \u001b[1m`, i]))],
    ['a Map', new Map([['dim', 8]])],
    ['a Date', new Date(Number.NaN)],
    ['a Promise', Promise.resolve(8)],
    ['an ArrayBuffer', new ArrayBuffer(8)],
    ['a DataView', new DataView(new ArrayBuffer(8))],
    ['a BigInt64Array', new BigInt64Array(2)],
    ['a Float64Array', new Float64Array(2)],
    ['what calls itself a Float32Array', { [Symbol.toStringTag]: 'Float32Array', length: 2 }],
    ['a class', class Dim {}],
    ['an Error', new Error('\u001b[31m')],
  ];
}

/** Objects that throw their own errors, whatever is read of them. */
export function trappedValues(): [name: string, value: unknown][] {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const traps = { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom, getPrototypeOf: boom };
  return [
    ['a revoked Proxy', revoked.proxy],
    ['a Proxy of traps', new Proxy({}, traps)],
    ['a Proxy of an array with traps', new Proxy([], traps)],
    ['a Proxy of a function', new Proxy(() => {}, traps)],
    ['a tag that throws', Object.defineProperty({}, Symbol.toStringTag, { get: boom })],
    ['a getter that throws', Object.defineProperty({}, 'dim', { get: boom, enumerable: true })],
    ...READ.map((key): [string, unknown] => [`a getter ${key} that throws`, Object.defineProperty({}, key, GETTER)]),
    ['an element that throws', Object.defineProperty([1, 2], 0, GETTER)],
    ['a tag of elements that throws', Object.defineProperty(new Float32Array(2), Symbol.toStringTag, GETTER)],
    ['a Proxy of elements with traps', new Proxy(new Float32Array(2), traps)],
  ];
}
