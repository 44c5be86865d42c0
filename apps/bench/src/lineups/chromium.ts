import type { Entrant } from '../candidate.ts';
import { arraySet } from '../candidates/array-set.ts';
import { arraySlice } from '../candidates/array-slice.ts';
import { jaxWasm } from '../candidates/jax-wasm.ts';
import { memoryCopy } from '../candidates/memory-copy.ts';
import { onnxruntimeKernel } from '../candidates/onnxruntime-kernel.ts';
import { onnxruntimeWasm } from '../candidates/onnxruntime-wasm.ts';
import { plainCopy } from '../candidates/plain-copy.ts';
import { plainJs } from '../candidates/plain-js.ts';
import { rmsnormWasm } from '../candidates/rmsnorm-wasm.ts';
import { simdCopy } from '../candidates/simd-copy.ts';
import { tfjsCpu } from '../candidates/tfjs-cpu.ts';
import { tfjsWasm } from '../candidates/tfjs-wasm.ts';
import type { Lineup } from './lineup.ts';

const PEERS: readonly Entrant[] = [onnxruntimeWasm, tfjsWasm, tfjsCpu, jaxWasm, plainJs];

/** As in Node, without onnxruntime-node: an addon of Node's. */
export const CHROMIUM: Lineup = ({ place, op }) =>
  place === 'end-to-end'
    ? [rmsnormWasm, arraySet, arraySlice, ...PEERS]
    : [rmsnormWasm, simdCopy, plainCopy, memoryCopy, ...(op === 'forward' ? [onnxruntimeKernel] : []), ...PEERS];
