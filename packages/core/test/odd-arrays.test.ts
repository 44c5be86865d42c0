import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { decode, encode, type HostTensor, hostTensor, RMSNorm } from '../src/index.ts';
import { backend } from './callable.ts';
import { code, wave } from './samples.ts';

/** Whose methods slice, subarray and map cannot make another one. */
class Matrix extends Float32Array {
  constructor(rows: number, columns: number) {
    if (columns === undefined) throw new TypeError('a Matrix has rows and columns');
    super(rows * columns);
  }
  override get length(): number {
    return 1;
  }
}

function matrix(): Matrix {
  const made = new Matrix(2, 4);
  Float32Array.prototype.set.call(made, wave(8));
  return made;
}

const ofAnotherRealm = (): Float32Array => runInNewContext('Float32Array').from(wave(8));

function withOwn(properties: object): Float32Array {
  const made = Float32Array.from(wave(8));
  for (const [key, value] of Object.entries(properties)) Object.defineProperty(made, key, { value });
  return made;
}

const ARRAYS: Readonly<Record<string, () => Float32Array>> = {
  'a subclass with a constructor of its own': matrix,
  'an array of another realm': ofAnotherRealm,
  'a length of its own': () => withOwn({ length: 4 }),
  'a place of its own': () => withOwn({ byteOffset: 4, byteLength: 8, buffer: new ArrayBuffer(64) }),
};

const expected = [...wave(8)];

describe.each(Object.entries(ARRAYS))('%s has the elements that it has', (_name, make) => {
  const host = (): HostTensor => ({ dtype: 'float32', shape: [2, 4], data: make() });

  test('as a tensor', async () => {
    expect([...(await backend.tensor(make(), [2, 4]).data())]).toEqual(expected);
    const halves = await backend.tensor(make(), [2, 4], 'bfloat16').data();
    expect(halves).toEqual(encode(wave(8), 'bfloat16'));
  });

  test('as a host tensor', () => {
    const data = make();
    expect(hostTensor(data).data).toBe(data);
    expect(hostTensor(data).shape).toEqual([8]);
    expect(hostTensor(data, [2, 4], 'float16').data).toEqual(encode(wave(8), 'float16'));
    expect(decode(data, 'float32')).toEqual(wave(8));
  });

  test('in apply, as x and as out', async () => {
    const norm = new RMSNorm({ dim: 4, axis: -1 });
    const right = (await norm.apply(hostTensor(wave(8), [2, 4]), backend)).data;
    expect((await norm.apply(host(), backend)).data).toEqual(right);
    const out = host();
    expect(await norm.apply(host(), backend, { out })).toBe(out);
    expect(Array.from({ length: 8 }, (_, i) => out.data[i])).toEqual([...right]);
  });

  test('as gamma, and in a state dict', () => {
    const norm = new RMSNorm({ dim: [2, 4], axis: -2 });
    norm.gamma = host();
    expect(norm.stateDict().weight!.data).toEqual(wave(8));
    norm.loadStateDict({ weight: host() });
    expect(norm.gamma!.data).toEqual(wave(8));
  });
});

test('a length of its own that is larger than the array is refused, as any other shape is', async () => {
  const data = withOwn({ length: 12 });
  const message = /shape \[3, 4\] has 12 elements, the data (of \w+ )?has 8/;
  expect(() => backend.tensor(data, [3, 4])).toThrow(message);
  expect(() => hostTensor(data, [3, 4])).toThrow(message);
  const lying = { dtype: 'float32', shape: [3, 4], data } as const;
  const norm = new RMSNorm({ dim: 4, axis: -1 });
  await expect(norm.apply(lying, backend)).rejects.toThrow(message);
  await expect(norm.apply(hostTensor(wave(12), [3, 4]), backend, { out: lying })).rejects.toThrow(message);
  expect(() => norm.loadStateDict({ weight: { ...lying, shape: [12] } })).toThrow(code('SHAPE'));
  expect(encode(data, 'float16')).toHaveLength(8);
});

test('a list whose iterator gives other elements has those at its indices', async () => {
  class Rows extends Array<number> {
    override *[Symbol.iterator](): ArrayIterator<number> {
      yield 7;
    }
  }
  const rows = Rows.from({ length: 4 }, (_, i) => i);
  expect(await backend.tensor(rows, [4]).data()).toEqual(Float32Array.of(0, 1, 2, 3));
});

test('a detached array of no elements is an empty tensor', async () => {
  const gone = new Float32Array(4);
  structuredClone(gone.buffer, { transfer: [gone.buffer] });
  expect(await backend.tensor(gone, [0]).data()).toHaveLength(0);
  expect(encode(gone, 'bfloat16')).toHaveLength(0);
});
