import { parseArgs } from 'node:util';
import type { Adapter } from './chromium/launch.ts';
import { FULL_ROUNDS } from './method/method.ts';
import { TARGETS, type Target } from './spec.ts';

export const HELP: string = `Usage: pnpm bench [options]

Times ours against its peers and against copies of the same bytes, interleaved: in Node, in a page of Chromium, and on
the WebGPU device of each.

  --target NAMES   ${TARGETS.join(', ')}: one or several with commas (default all)
  --filter TEXT    only workloads whose id contains TEXT: node/llm/resident/float32/64x4096, backward/, end-to-end,
                   overhead; several with commas
  --threads N      threads of every candidate (default 1)
  --adapter NAME   WebGPU on swiftshader (the default: it runs everywhere) or on this machine's own hardware
  --rounds N       rounds (default ${FULL_ROUNDS})
  --quick          few short rounds, small sizes: to see that it runs, not to quote
  --list           the workloads' ids, and nothing is run
  --from FILES     measures nothing: one report from the JSON of earlier runs, several with commas
  --json FILE      where the figures go (default apps/bench/build/bench.json)
  --markdown FILE  where the tables go (default apps/bench/build/bench.md)
  --plots FOLDER   where the plots go (default apps/bench/build/plots)
  --help           this text`;

export interface Options {
  readonly help: boolean;
  readonly list: boolean;
  readonly quick: boolean;
  readonly targets: readonly Target[];
  readonly filter: readonly string[];
  readonly threads: number;
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
      target: { type: 'string', default: TARGETS.join(',') },
      filter: { type: 'string', default: '' },
      threads: { type: 'string', default: '1' },
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
  return {
    help: values.help,
    list: values.list,
    quick: values.quick,
    targets,
    filter: values.filter.split(','),
    threads: positiveInteger('--threads', values.threads),
    adapter: oneOf('--adapter', values.adapter, ['swiftshader', 'hardware']),
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
