import { blockUntilReady, defaultDevice, init, type Array as JaxArray, jit, numpy as np } from '@jax-js/jax';
import type { Candidate, Outputs, Unable } from '../candidate.ts';
import type { Elements } from '../elements.ts';
import { inputArrays, type Workload } from '../workload.ts';
import { jaxFunction } from './jax-graph.ts';
import { layoutDims } from './layout-dims.ts';
import { unableFor } from './reason.ts';

export async function jax(device: 'wasm' | 'webgpu', work: Workload): Promise<Candidate | Unable> {
  try {
    if (work.dtype !== 'float32')
      return { unable: `no ${work.dtype}: jax-js has no bfloat16, and Node 20 no Float16Array` };
    if (!(await init(device)).includes(device)) return { unable: `jax.init('${device}') found no such device` };
    defaultDevice(device);
    const candidate = work.place === 'resident' ? await resident(work, device) : endToEnd(work);
    return { ...candidate, enter: () => void defaultDevice(device) };
  } catch (error) {
    return unableFor(error);
  }
}

/** On a GPU, calls are waited for together, up to so many outputs: more would fill its memory. */
const MOST_PENDING = 64;

const OUTPUTS = { forward: ['y'], addForward: ['y', 'sum'], gatedForward: ['y'], backward: ['dx', 'dgamma'] };

/**
 * jit fuses the operations into kernels. Calls are lazy: one whose outputs are disposed before anything waits for them is
 * never run. So each call is waited for; on a GPU, all calls of a turn together.
 */
async function resident(work: Workload, device: 'wasm' | 'webgpu'): Promise<Candidate> {
  const compute = jit(jaxFunction(work));
  const inputs = await blockUntilReady(upload(work));
  const call = (): JaxArray[] => compute(...inputs.map((input) => input.ref)) as JaxArray[];
  let outputs = await blockUntilReady(call());
  return {
    run: async (count) => {
      const pending: JaxArray[] = [];
      for (let i = 0; i < count; i++) {
        pending.push(...outputs);
        outputs = call();
        if (device === 'wasm' || pending.length >= MOST_PENDING) {
          await blockUntilReady([...pending, ...outputs]);
          for (const output of pending.splice(0)) output.dispose();
        }
      }
      await blockUntilReady([...pending, ...outputs]);
      for (const output of pending) output.dispose();
    },
    result: () =>
      download(
        work,
        outputs.map((output) => output.ref),
      ),
    dispose: () => {
      for (const array of [...inputs, ...outputs]) array.dispose();
      compute.dispose();
    },
  };
}

function endToEnd(work: Workload): Candidate {
  const compute = jit(jaxFunction(work));
  let result: Outputs = {};
  return {
    run: async (count) => {
      for (let i = 0; i < count; i++) result = await download(work, compute(...upload(work)) as JaxArray[]);
    },
    result: async () => result,
    dispose: () => compute.dispose(),
  };
}

function upload(work: Workload): JaxArray[] {
  const dims = layoutDims(work.shape.layout);
  const array = (data: Float32Array | Uint16Array, shape: readonly number[]): JaxArray =>
    np.array(data as Float32Array<ArrayBuffer>).reshape([...shape]);
  const [x, ...second] = inputArrays(work).map((data) => array(data!, dims.x));
  return [x!, array(work.gamma, dims.gamma), ...second];
}

async function download({ op }: Workload, outputs: readonly JaxArray[]): Promise<Outputs> {
  const names = OUTPUTS[op as keyof typeof OUTPUTS];
  const entries = outputs.map(async (output, i) => [names[i], (await output.data()) as Elements]);
  return Object.fromEntries(await Promise.all(entries));
}
