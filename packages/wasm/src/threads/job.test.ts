import { expect, test } from 'vitest';
import { DESCRIPTOR_BYTES } from '../generated/descriptor/index.ts';
import { controlBuffer, queueOf, scratchOf } from './control.ts';
import { takeChunks } from './job.ts';

const THREADS = 2;
const CHUNKS = 4096;

/** A job of four chunks, two for each thread, whose scratch memory is at 10 + thread. */
function fourChunks(): Int32Array {
  const control = new Int32Array(controlBuffer(THREADS));
  for (let thread = 0; thread < THREADS; thread++) {
    control[queueOf(thread)] = 2 * thread;
    control[queueOf(thread) + 1] = 2 * thread + 2;
    control[scratchOf(thread)] = 10 + thread;
  }
  return control;
}

/**
 * Takes chunks as a thread, and gives what takeChunks said, the chunks in their order, and the scratch memory of each.
 */
function taken(control: Int32Array, thread: number): { first: boolean; chunks: number[]; scratches: number[] } {
  const chunks: number[] = [];
  const scratches: number[] = [];
  const kernels = {
    complete: () => 0,
    run: (descriptor: number, scratch: number) => {
      chunks.push((descriptor - CHUNKS) / DESCRIPTOR_BYTES);
      scratches.push(scratch);
    },
  };
  return { first: takeChunks(control, { kernels, thread, threads: THREADS, chunks: CHUNKS }), chunks, scratches };
}

test('a thread takes its own chunks, then those of others, with its own scratch memory', () => {
  expect(taken(fourChunks(), 0)).toEqual({ first: false, chunks: [0, 1, 2, 3], scratches: [10, 10, 10, 10] });
  expect(taken(fourChunks(), 1)).toEqual({ first: true, chunks: [2, 3, 0, 1], scratches: [11, 11, 11, 11] });
});

test('a worker that did not take the first chunk says that the caller had begun', () => {
  const control = fourChunks();
  Atomics.add(control, queueOf(0), 1);
  expect(taken(control, 1)).toEqual({ first: false, chunks: [2, 3, 1], scratches: [11, 11, 11] });
  expect(taken(control, 1)).toEqual({ first: false, chunks: [], scratches: [] });
});

test('a worker whose own the first chunk is, as there are fewer chunks than threads, does not say so', () => {
  const control = fourChunks();
  control[queueOf(0) + 1] = 0;
  control[queueOf(1)] = 0;
  expect(taken(control, 1)).toEqual({ first: false, chunks: [0, 1, 2, 3], scratches: [11, 11, 11, 11] });
});
