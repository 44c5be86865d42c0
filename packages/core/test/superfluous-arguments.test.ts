import { expect, test } from 'vitest';
import {
  addRmsNorm,
  createBackend,
  decode,
  encode,
  gatedRmsNorm,
  hostTensor,
  layoutOf,
  pickBackend,
  problemOf,
  RMSNorm,
  reference,
  resolveOptions,
  rmsNorm,
  rmsNormBackward,
  rmsNormQuantized,
  scaleBy,
  sumSquares,
} from '../src/index.ts';
import { ReferenceDriver } from '../src/reference/driver.ts';
import { backend, host, norm, options, resolved, sums, x } from './callable.ts';
import { code } from './samples.ts';

const out = backend.empty([1, 4]);
const shape = [1, 4];

/** Every public function and method that reads so many arguments, with as many as it reads. */
const CALLS: readonly [name: string, call: (...args: never[]) => unknown, args: readonly unknown[]][] = [
  ['new RMSNorm', (...args) => new RMSNorm(...(args as unknown as [number])), [4, 1]],
  ['forward', (...args) => norm.forward(...(args as unknown as [typeof x])), [x, out]],
  ['addForward', norm.addForward.bind(norm), [x, x, {}]],
  ['gatedForward', norm.gatedForward.bind(norm), [x, x, out]],
  ['backward', norm.backward.bind(norm), [x, x, {}]],
  ['sumSquares', norm.sumSquares.bind(norm), [x]],
  ['scaleBy', norm.scaleBy.bind(norm), [x, sums, 4, {}]],
  ['forwardQuantized', norm.forwardQuantized.bind(norm), [x, {}]],
  ['apply', norm.apply.bind(norm) as never, [host, backend, {}]],
  ['update', norm.update.bind(norm), []],
  ['stateDict', norm.stateDict.bind(norm), []],
  ['loadStateDict', norm.loadStateDict.bind(norm), [norm.stateDict(), {}]],
  ['rmsNorm', rmsNorm, [x, options]],
  ['addRmsNorm', addRmsNorm, [x, x, options]],
  ['gatedRmsNorm', gatedRmsNorm, [x, x, options]],
  ['rmsNormBackward', rmsNormBackward, [x, x, options]],
  ['sumSquares, the function', sumSquares, [x, options]],
  ['scaleBy, the function', scaleBy, [x, sums, 4, options]],
  ['rmsNormQuantized', rmsNormQuantized, [x, options]],
  ['tensor', backend.tensor.bind(backend) as never, [[1, 2], [2], 'float32']],
  ['empty', backend.empty.bind(backend), [shape, 'float32']],
  [
    'wrap',
    (...args) => backend.wrap(...(args as unknown as [unknown, number[]])),
    [new Float32Array(4), shape, 'int8'],
  ],
  ['tidy', backend.tidy.bind(backend) as never, [() => 1]],
  ['memory', backend.memory.bind(backend), []],
  ['flush', backend.flush.bind(backend), []],
  ['prepare', backend.prepare.bind(backend), [norm, [shape], {}]],
  ['data', x.data.bind(x), [{}]],
  ['view', x.view!.bind(x), []],
  ['createBackend', createBackend, [new ReferenceDriver()]],
  ['pickBackend', pickBackend as never, [[reference()], {}]],
  ['reference', reference, []],
  ['create', reference().create, [{}]],
  ['resolveOptions', resolveOptions, [options]],
  ['layoutOf', layoutOf, [resolved, shape]],
  ['problemOf', problemOf, [resolved, shape, 'float32']],
  ['hostTensor', hostTensor as never, [[1, 2], [2], 'float32']],
  ['encode', encode as never, [[1], 'float16']],
  ['decode', decode, [new Uint16Array(1), 'float16']],
];

async function outcomeOf(call: (...args: never[]) => unknown, args: readonly unknown[]): Promise<unknown> {
  try {
    await call(...(args as never[]));
    return null;
  } catch (error) {
    return error;
  }
}

test.each(CALLS)('%s refuses an argument after its last, and says what to write', async (name, call, args) => {
  const error = await outcomeOf(call, [...args, { rstd: 7 }]);
  expect(error).toEqual(code('INVALID_OPTION'));
  const last = `argument ${args.length + 1} is too many, { rstd: 7 }: write `;
  expect((error as Error).message).toContain(last);
  expect((error as Error).message.split('write ')[1]).toContain(name.split(',')[0]);
});

test.each(CALLS.filter(([name]) => name !== 'wrap'))('of %s undefined says nothing', async (_name, call, args) => {
  expect(await outcomeOf(call, [...args, undefined, undefined])).toBe(null);
});

test('what may be handed to map() or to an event takes whatever comes', () => {
  const tensor = backend.empty([2]);
  expect(() => (tensor.dispose as (event: unknown) => void).call(tensor, { type: 'close' })).not.toThrow();
  expect(() => (norm.dispose as (event: unknown) => void).call(new RMSNorm(4), { type: 'close' })).not.toThrow();
});
