import { expect, test } from 'vitest';
import { OP_CODE } from '../kernels.ts';
import { CHUNK_NUMBERS, type Control, controlBuffer, controlOf, JOB_NUMBERS, queueOf, scratchOf } from './control.ts';
import type { CuttableKernels } from './cuttable-kernels.ts';
import { takeChunks } from './job.ts';

const THREADS = 2;

/** A job of four chunks of forward, two for each thread: chunk i has x at 100 + i, a thread's scratch is at 10 + thread. */
function fourChunks(): Control {
  const control = controlOf(controlBuffer(THREADS), THREADS);
  control.job[0] = OP_CODE.forward;
  for (let i = 0; i < 4; i++) control.job[JOB_NUMBERS + i * CHUNK_NUMBERS + 6] = 100 + i;
  for (let thread = 0; thread < THREADS; thread++) {
    control.words[queueOf(thread)] = 2 * thread;
    control.words[queueOf(thread) + 1] = 2 * thread + 2;
    control.words[scratchOf(thread)] = 10 + thread;
  }
  return control;
}

/** Takes chunks as a thread, and gives what takeChunks said, the chunks in their order, and the scratch memory of each. */
function taken(control: Control, thread: number): { first: boolean; chunks: number[]; scratches: number[] } {
  const chunks: number[] = [];
  const scratches: number[] = [];
  const kernels = {
    begin: (...args: number[]) => scratches.push(args[4]!),
    setColumns: () => {},
    all: (x: number) => chunks.push(x - 100),
  } as unknown as CuttableKernels;
  return { first: takeChunks(control, { kernels, thread, threads: THREADS }), chunks, scratches };
}

test('a thread takes its own chunks, then those of others, with its own scratch memory', () => {
  expect(taken(fourChunks(), 0)).toEqual({ first: false, chunks: [0, 1, 2, 3], scratches: [10, 10, 10, 10] });
  expect(taken(fourChunks(), 1)).toEqual({ first: true, chunks: [2, 3, 0, 1], scratches: [11, 11, 11, 11] });
});

test('a worker that did not take the first chunk says that the caller had begun', () => {
  const control = fourChunks();
  Atomics.add(control.words, queueOf(0), 1);
  expect(taken(control, 1)).toEqual({ first: false, chunks: [2, 3, 1], scratches: [11, 11, 11] });
  expect(taken(control, 1)).toEqual({ first: false, chunks: [], scratches: [] });
});

test('a worker whose own the first chunk is, as there are fewer chunks than threads, does not say so', () => {
  const control = fourChunks();
  control.words[queueOf(0) + 1] = 0;
  control.words[queueOf(1)] = 0;
  expect(taken(control, 1)).toEqual({ first: false, chunks: [0, 1, 2, 3], scratches: [11, 11, 11, 11] });
});
