import * as tf from '@tensorflow/tfjs-core';
import type { Candidate, Outputs, Unable } from '../candidate.ts';
import type { Elements } from '../elements.ts';
import type { Workload } from '../workload.ts';
import { unableFor } from './reason.ts';
import { type TfOutputs, tfGraph } from './tfjs-graph.ts';

/** @param finish waits until a GPU has done its work */
export async function tfjs(
  name: 'wasm' | 'cpu' | 'webgpu',
  work: Workload,
  finish?: () => Promise<void>,
): Promise<Candidate | Unable> {
  try {
    if (!(await tf.setBackend(name))) return { unable: `tf.setBackend('${name}') failed` };
    const candidate = work.place === 'resident' ? resident(work, finish) : endToEnd(work);
    // Not awaited: the backend has been initialized above, so that it is set at once.
    return { ...candidate, enter: () => void tf.setBackend(name) };
  } catch (error) {
    return unableFor(error);
  }
}

function resident(work: Workload, finish: (() => Promise<void>) | undefined): Candidate {
  const { gamma, upload, compute } = tfGraph(work);
  const [x, second] = upload();
  let outputs = compute(x!, second);
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      tf.dispose(outputs);
      outputs = compute(x!, second);
    }
  };
  return {
    run: finish
      ? async (count) => {
          run(count);
          await finish();
        }
      : run,
    result: () => download(outputs),
    dispose: () => tf.dispose([x, second, gamma, outputs]),
  };
}

function endToEnd(work: Workload): Candidate {
  const { gamma, upload, compute } = tfGraph(work);
  let result: Outputs = {};
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) {
        const [x, second] = upload();
        const outputs = compute(x!, second);
        result = await download(outputs);
        tf.dispose([x, second, outputs]);
      }
    },
    result: async () => result,
    dispose: () => gamma.dispose(),
  };
}

async function download(outputs: TfOutputs): Promise<Outputs> {
  const entries = Object.entries(outputs).map(async ([name, tensor]) => [name, (await tensor.data()) as Elements]);
  return Object.fromEntries(await Promise.all(entries));
}
