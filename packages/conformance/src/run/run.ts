import {
  type AbortSignalLike,
  type BackendProvider,
  checkedKeys,
  type Form,
  keysOf,
  RMSNormError,
  show,
} from '@rmsnorm/core';
import type { Case } from '../case/case.ts';
import type { Depth } from '../case/depth.ts';
import { describeError } from '../case/failure.ts';
import { casesToRun } from '../plan/cases-to-run.ts';
import { checkedDepth } from '../plan/depth.ts';
import { type BackendFacts, type CaseResult, notRun, type Report, reportOf, unknownBackend } from '../report/report.ts';
import type { Filter } from './filter.ts';
import { checkTimeout, DEFAULT_TIMEOUT, openSession, type Session } from './session.ts';
import { breathe, now } from './timers.ts';

export const DEFAULT_SEED = 20_261_123;

/** How long a run may keep the event loop to itself. */
const BREATH_MS = 30;

export interface RunOptions {
  /** Which cases: part of an id, a pattern with `*`, or a predicate. All where it is left out. */
  readonly filter?: Filter;
  /** Of all random inputs. The report names it, so that a failure can be repeated. */
  readonly seed?: number;
  /** After each case, in order. */
  readonly onResult?: (result: CaseResult, progress: { readonly done: number; readonly total: number }) => void;
  /** Ends the run between two cases: `runConformance` then rejects with `signal.reason`. */
  readonly signal?: AbortSignalLike;
  /** Milliseconds after which a case that does not come back is failed; 60,000 unless given. */
  readonly timeout?: number;
  /** Ends the run at the first failure: the rest is reported as not run. */
  readonly failFast?: boolean;
  /** How much of the suite: 'default' unless given. `--coverage` says what each depth leaves out. */
  readonly depth?: Depth;
}

const OPTIONS: Form = {
  name: "runConformance's options",
  keys: keysOf<RunOptions>({
    filter: true,
    seed: true,
    onResult: true,
    signal: true,
    timeout: true,
    failFast: true,
    depth: true,
  }),
};

/**
 * Runs the cases that `filter` takes against a backend of `provider`, one after another, and reports. A case that
 * throws, crashes its backend or never comes back is a failure of that case; the run goes on with a fresh backend.
 * Whatever a driver does, this resolves: where no backend comes up, the first case has failed and the rest is not run.
 *
 * @throws RMSNormError INVALID_OPTION where no case matches, of a key that is not known, or of no provider; `signal.reason`
 */
export async function runConformance(provider: BackendProvider, given?: RunOptions): Promise<Report> {
  const options = checkedKeys(given, OPTIONS);
  checkProvider(provider);
  return runCases(provider, casesToRun(options.filter, checkedDepth(options.depth ?? 'default')), options);
}

/** A provider without create() is a mistake of whoever calls; what its members do is the backend's. */
function checkProvider(provider: unknown): void {
  if (typeof provider === 'object' && provider !== null && 'create' in provider) return;
  throw new RMSNormError(
    'INVALID_OPTION',
    `runConformance takes a provider { name, apiVersion: 1, probe, create }, got ${show(provider)}`,
  );
}

export interface CaseRunOptions extends Omit<RunOptions, 'filter' | 'depth'> {
  /** As soon as there is a backend. */
  readonly onBackend?: (facts: BackendFacts) => void;
  /** Before each case. */
  readonly onCase?: (entry: Case) => void;
}

/** As {@link runConformance}, of these cases. */
export async function runCases(
  provider: BackendProvider,
  cases: readonly Case[],
  options: CaseRunOptions,
): Promise<Report> {
  const { seed = DEFAULT_SEED, timeout = DEFAULT_TIMEOUT } = options;
  checkTimeout(timeout);
  const results = new Results(cases, options);
  let session: Session;
  try {
    session = await openSession(provider, { seed, timeout });
  } catch (error) {
    results.failRest(`the backend did not start: ${describeError(error)}`);
    return reportOf(unknownBackend(nameOf(provider)), seed, results.list);
  }
  const { backend, device, supports } = session;
  options.onBackend?.({ backend, device, supports });
  try {
    await runAll(session, cases, results, options);
  } finally {
    results.close(await session.close());
  }
  return reportOf({ backend, device, supports }, seed, results.list);
}

async function runAll(
  session: Session,
  cases: readonly Case[],
  results: Results,
  { signal, onCase }: CaseRunOptions,
): Promise<void> {
  let breath = now();
  for (const entry of cases) {
    if (now() - breath > BREATH_MS) {
      await breathe();
      breath = now();
    }
    if (signal?.aborted) throw signal.reason;
    if (results.isOver) results.add(notRun(entry.id, 'the run ended at the first failure, as failFast demands'));
    else {
      onCase?.(entry);
      results.add(await session.run(entry));
    }
  }
}

/** Results as they come. The last one waits for the end: what goes wrong after it fails it. */
class Results {
  readonly list: CaseResult[] = [];
  readonly #cases: readonly Case[];
  readonly #options: CaseRunOptions;
  #failed = false;

  constructor(cases: readonly Case[], options: CaseRunOptions) {
    this.#cases = cases;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#options.failFast === true && this.#failed;
  }

  add(result: CaseResult): void {
    this.list.push(result);
    if (result.status === 'fail') this.#failed = true;
    if (this.list.length < this.#cases.length) this.#tell(result);
  }

  /** No case can be run: the next one takes the blame. */
  failRest(reason: string): void {
    const { length } = this.list;
    for (const [i, { id }] of this.#cases.slice(length).entries()) {
      this.add(i === 0 ? { id, status: 'fail', message: reason, ms: 0 } : notRun(id, firstLine(reason)));
    }
    this.close(undefined);
  }

  /** @param late what went wrong after the last case */
  close(late: string | undefined): void {
    const last = this.list.at(-1);
    if (last === undefined || this.list.length < this.#cases.length) return;
    const result: CaseResult =
      late === undefined
        ? last
        : { ...last, status: 'fail', message: `${last.message ?? ''}\nafter the last case: ${late}`.trim() };
    this.list[this.list.length - 1] = result;
    this.#tell(result);
  }

  #tell(result: CaseResult): void {
    this.#options.onResult?.(result, { done: this.list.length, total: this.#cases.length });
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}

/** A provider's getters may throw. */
function nameOf(provider: BackendProvider): string {
  try {
    return String(provider.name);
  } catch {
    return 'a provider without a name';
  }
}
