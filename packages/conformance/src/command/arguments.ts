import { parseArgs } from 'node:util';
import type { Depth } from '../case/depth.ts';
import { checkedDepth } from '../plan/depth.ts';
import { DEFAULT_SEED } from '../run/run.ts';
import { DEFAULT_TIMEOUT } from '../run/session.ts';
import { UsageError } from './usage.ts';

/** What all of a backend's runs have in common. */
interface Common {
  /** Empty where `--coverage` needs none. */
  readonly module: string;
  readonly depth: Depth;
  readonly seed: number;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface SuiteArguments extends Common {
  readonly command: 'suite';
  readonly filter: string | undefined;
  readonly failFast: boolean;
  readonly json: boolean;
  readonly html: string | undefined;
  readonly junit: string | undefined;
}

export interface ExplainArguments extends Common {
  readonly command: 'explain';
  readonly id: string;
  readonly json: boolean;
}

export interface FuzzArguments extends Common {
  readonly command: 'fuzz';
  readonly rows: number;
}

export interface ReplayArguments extends Common {
  readonly command: 'replay';
  readonly trial: string;
}

export interface CoverageArguments extends Common {
  readonly command: 'coverage';
}

/** One command line, checked. */
export type Arguments =
  | SuiteArguments
  | CoverageArguments
  | ExplainArguments
  | FuzzArguments
  | ReplayArguments
  | { readonly command: 'help' };

/** @throws UsageError */
export function parseArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args);
  if (values.help) return { command: 'help' };
  const modules = positionals.length;
  if (modules !== 1 && !(values.coverage && modules === 0))
    throw new UsageError(`one MODULE is needed, got ${modules}`);
  const common: Common = {
    module: positionals[0] ?? '',
    depth: depthOf(values.depth),
    seed: seedOf(values.seed),
    timeout: timeoutOf(values.timeout),
  };
  const { filter, html, junit, json = false } = values;
  const failFast = values['fail-fast'] ?? false;
  refusePairs(values);
  if (values.coverage) return { command: 'coverage', ...common };
  if (values.explain !== undefined) return { command: 'explain', ...common, id: values.explain, json };
  if (values.replay !== undefined) return { command: 'replay', ...common, trial: values.replay };
  if (values.fuzz !== undefined) return { command: 'fuzz', ...common, rows: rowsOf(values.fuzz) };
  return { command: 'suite', ...common, filter, failFast, json, html, junit };
}

type Values = ReturnType<typeof parsed>['values'];

/** What each of these, which take the place of the suite, goes without. */
const ALONE = {
  coverage: ['explain', 'replay', 'fuzz', 'filter', 'json', 'html', 'junit', 'fail-fast', 'seed'],
  explain: ['replay', 'fuzz', 'filter', 'html', 'junit', 'fail-fast', 'depth'],
  replay: ['fuzz', 'filter', 'json', 'html', 'junit', 'fail-fast', 'seed', 'depth'],
  fuzz: ['filter', 'json', 'html', 'junit', 'fail-fast', 'depth'],
} as const satisfies Partial<Record<keyof Values, readonly (keyof Values)[]>>;

function refusePairs(values: Values): void {
  for (const [name, others] of Object.entries(ALONE)) {
    if (values[name as keyof Values] === undefined) continue;
    const other = others.find((option) => values[option] !== undefined);
    if (other !== undefined) throw new UsageError(`--${name} goes without --${other}`);
  }
}

function depthOf(name: string | undefined): Depth {
  try {
    return checkedDepth(name ?? 'default');
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function seedOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SEED;
  const seed = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(seed)) return seed;
  throw new UsageError(`--seed must be an integer, got '${text}'`);
}

/** The longest that a timer waits. */
const MOST_SECONDS = 2_000_000;

function timeoutOf(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT;
  const seconds = Number(text);
  if (text.trim() !== '' && seconds > 0 && seconds <= MOST_SECONDS) return seconds * 1000;
  throw new UsageError(`--timeout must be a number of seconds above 0, up to ${MOST_SECONDS}, got '${text}'`);
}

function rowsOf(text: string): number {
  const rows = Number(text);
  if (Number.isSafeInteger(rows) && rows > 0) return rows;
  throw new UsageError(`--fuzz must be a number of rows, got '${text}'`);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        filter: { type: 'string' },
        depth: { type: 'string' },
        coverage: { type: 'boolean' },
        json: { type: 'boolean' },
        html: { type: 'string' },
        junit: { type: 'string' },
        seed: { type: 'string' },
        timeout: { type: 'string' },
        'fail-fast': { type: 'boolean' },
        explain: { type: 'string' },
        fuzz: { type: 'string' },
        replay: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
