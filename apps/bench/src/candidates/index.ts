import type { Entrant } from '../candidate.ts';
import type { Place } from '../workload.ts';
import { arraySet, arraySlice, memoryCopy, simdCopy } from './copies.ts';
import { onnxruntimeKernel, onnxruntimeWasm } from './onnxruntime.ts';
import { plainJs } from './plain-js.ts';
import { rmsnormWasm } from './rmsnorm-wasm.ts';
import { tfjsWasm } from './tfjs-wasm.ts';

/** Who runs where. The first is ours: every ratio is its speed over another's. */
export const ENTRANTS: Readonly<Record<Place, readonly [Entrant, ...Entrant[]]>> = {
  resident: [rmsnormWasm, simdCopy, memoryCopy, onnxruntimeWasm, onnxruntimeKernel, tfjsWasm, plainJs],
  outside: [rmsnormWasm, arraySet, arraySlice, onnxruntimeWasm, tfjsWasm],
};
