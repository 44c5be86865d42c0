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

/** Candidates that compute on the processor, in Node and in pages alike; and the peers that one of both has besides. */
export function cpuLineup(besides: readonly Entrant[] = []): Lineup {
  const peers = [...besides, onnxruntimeWasm, tfjsWasm, tfjsCpu, jaxWasm, plainJs];
  return ({ place, op }) => {
    switch (place) {
      case 'resident': {
        const kernel = op === 'forward' ? [onnxruntimeKernel] : [];
        return [rmsnormWasm, simdCopy, plainCopy, memoryCopy, ...kernel, ...peers];
      }
      case 'end-to-end':
        return [rmsnormWasm, arraySet, arraySlice, ...peers];
      default:
        throw new Error(`no lineup for ${place satisfies never}`);
    }
  };
}
