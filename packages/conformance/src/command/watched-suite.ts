import { type BackendFacts, type CaseResult, notRun, type Report, reportOf, unknownBackend } from '../report/report.ts';
import type { SuiteArguments } from './arguments.ts';
import type { Line } from './lines.ts';
import { type End, runWatched } from './watched-process.ts';

/** How often a backend may end its process: each time without a result in between, and in all. */
const IN_A_ROW = 3;
const IN_ALL = 10;

/** In place of a report: what to say instead, and the exit status. */
export interface Refused {
  readonly text: string;
  readonly status: number;
}

/**
 * Runs the suite in a process of its own. Where the backend ends that, the case that ran then has failed, and another
 * process goes on with the next.
 */
export async function runSuite(request: SuiteArguments, onProgress: (text: string) => void): Promise<Report | Refused> {
  const tally = new Tally(request, onProgress);
  let inARow = 0;
  for (let ends = 1; ; ends++) {
    const before = tally.done;
    const end = await runWatched({ ...request, skip: before }, (line) => tally.take(line));
    if (tally.refused) return { text: tally.refused, status: end.status ?? 1 };
    inARow = tally.done > before ? 1 : inARow + 1;
    if (end.fault !== null) tally.blame(end);
    if (tally.isOver) return tally.report();
    if (end.status !== null) tally.failRest('the process of the backend said that it was done, and was not');
    else if (request.failFast) tally.skipRest('the run ended at the first failure, as --fail-fast demands');
    else if (inARow >= IN_A_ROW) tally.skipRest(`the backend ended its process ${inARow} times, one after another`);
    else if (ends >= IN_ALL) tally.skipRest(`the backend ended its process ${ends} times`);
    if (tally.isOver) return tally.report();
  }
}

/** The results of all processes. */
class Tally {
  readonly #request: SuiteArguments;
  readonly #onProgress: (text: string) => void;
  readonly #results: CaseResult[] = [];
  #ids: readonly string[] = [];
  #facts: BackendFacts;
  #refused: string | null = null;
  #failed = 0;

  constructor(request: SuiteArguments, onProgress: (text: string) => void) {
    this.#request = request;
    this.#onProgress = onProgress;
    this.#facts = unknownBackend(request.module);
  }

  get done(): number {
    return this.#results.length;
  }

  get refused(): string | null {
    return this.#refused;
  }

  get isOver(): boolean {
    return this.done >= this.#ids.length;
  }

  take(line: Line): void {
    switch (line.type) {
      case 'cases':
        this.#ids = line.ids;
        return;
      case 'doing':
        this.#onProgress(`${this.done} of ${this.#ids.length} cases, ${this.#failed} failed, now ${line.what}`);
        return;
      case 'backend':
        this.#facts = line.facts;
        return;
      case 'result':
        this.#add(line.result);
        return;
      case 'broken':
        this.failRest(line.text);
        return;
      case 'refusal':
        this.#refused = line.text;
        return;
      default:
        // The rest is not about results.
        return;
    }
  }

  /** The process ended: the case that ran has failed, or the last one, where all were done. */
  blame({ fault, during, status }: End): void {
    const text = `the process of the backend ${fault} (${status === null ? during : 'after the last case'})`;
    const id = this.#ids[this.done];
    if (id === undefined && this.done === 0) this.#refused = text;
    else if (id !== undefined) this.#add({ id, status: 'fail', message: text, ms: 0 });
    else {
      const last = this.#results.at(-1)!;
      this.#results[this.done - 1] = { ...last, status: 'fail', message: `${last.message ?? ''}\n${text}`.trim() };
    }
  }

  /** The next case has failed for this reason, and the rest is not run. */
  failRest(reason: string): void {
    const id = this.#ids[this.done];
    if (id !== undefined) this.#add({ id, status: 'fail', message: reason, ms: 0 });
    this.skipRest(reason.split('\n', 1)[0]!);
  }

  skipRest(reason: string): void {
    for (const id of this.#ids.slice(this.done)) this.#add(notRun(id, reason));
  }

  report(): Report {
    return reportOf(this.#facts, this.#request.seed, this.#results);
  }

  #add(result: CaseResult): void {
    this.#results.push(result);
    if (result.status === 'fail') this.#failed++;
  }
}
