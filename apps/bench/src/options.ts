import { parseArgs } from 'node:util';
import type { Adapter } from './chromium/launch.ts';
import { FULL_ROUNDS } from './method/method.ts';
import { PEER_TARGETS, TARGETS, type Target } from './spec.ts';

const ADAPTERS: readonly Adapter[] = ['swiftshader', 'hardware'];

export const HELP: string = `Usage: pnpm bench [options]

Times @rmsnorm/wasm, @rmsnorm/webgpu and @rmsnorm/cuda against other libraries and against copies of the same bytes.

What is measured:
  --target NAMES   one or several, with commas (default: the first four)
                     node             WebAssembly in Node, beside other libraries
                     node-webgpu      WebGPU in Node, beside other libraries
                     chromium         WebAssembly in a page of Chromium, beside other libraries
                     chromium-webgpu  WebGPU in a page of Chromium, beside other libraries
                     gpu-clock        WebGPU kernels, beside copies, by the GPU's own clock
                     cuda             CUDA kernels, beside the driver's copy, on the GPU that RMSNORM_CUDA_DEVICE names
                     threads          several threads of @rmsnorm/wasm, beside one
  --filter TEXT    only workloads whose id contains TEXT; several with commas: llm/resident/float32,overhead
  --list           print the ids of the workloads, and run nothing

How:
  --threads N      threads of every candidate (default 1; of --target threads 2)
  --adapter NAME   WebGPU on 'swiftshader', the processor of any machine (default), or on the 'hardware' of this one
  --rounds N       rounds (default ${FULL_ROUNDS}; of --target gpu-clock 21)
  --quick          few short rounds and small sizes: shows that it runs, gives no figures to quote

Results:
  --from FILES     measure nothing: make one report of the JSON of earlier runs, several with commas
  --json FILE      where the figures go (default apps/bench/build/bench.json)
  --markdown FILE  where the tables go (default apps/bench/build/bench.md)
  --plots FOLDER   where the plots go (default apps/bench/build/plots)
  --help           print this text`;

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  readonly quick: boolean;
  readonly targets: readonly Target[];
  readonly filter: readonly string[];
  /** null where each target has its own number. */
  readonly threads: number | null;
  readonly adapter: Adapter;
  readonly rounds: number | null;
  readonly from: readonly string[];
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly plots: string | undefined;
}

/** @throws Error that says what is wrong with the options */
export function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', default: PEER_TARGETS.join(',') },
      filter: { type: 'string', default: '' },
      threads: { type: 'string' },
      adapter: { type: 'string', default: 'swiftshader' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      from: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      plots: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const targets = values.target.split(',').map((name) => oneOf('--target', name, TARGETS));
  const threads = values.threads === undefined ? null : positiveInteger('--threads', values.threads);
  if (targets.includes('threads') && threads === 1) {
    throw new Error('--target threads compares several threads with one: --threads must be at least 2');
  }
  return {
    help: values.help,
    list: values.list,
    quick: values.quick,
    targets,
    filter: values.filter.split(','),
    threads,
    adapter: oneOf('--adapter', values.adapter, ADAPTERS),
    rounds: values.rounds === undefined ? null : positiveInteger('--rounds', values.rounds),
    from: values.from?.split(',') ?? [],
    json: values.json,
    markdown: values.markdown,
    plots: values.plots,
  };
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found === undefined) throw new Error(`${option} knows ${known.join(', ')}, not '${value}'`);
  return found;
}

function positiveInteger(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`${option} must be a positive integer, got '${value}'`);
  return number;
}
