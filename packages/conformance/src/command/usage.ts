import { DEFAULT_SEED } from '../run/run.ts';

export const USAGE: string = `usage: rmsnorm-conformance MODULE [--filter ID] [--depth D] [--seed N] [--timeout SECONDS] [--fail-fast]
                           [--json] [--html FILE] [--junit FILE]
       rmsnorm-conformance --coverage [MODULE] [--depth D]
       rmsnorm-conformance MODULE --explain ID [--seed N] [--json]
       rmsnorm-conformance MODULE --fuzz ROWS [--seed N]
       rmsnorm-conformance MODULE --replay TRIAL

Runs the conformance suite against the backend that MODULE, a JavaScript file, exports as its default: a provider
{ name, apiVersion: 1, probe, create }, or a function that returns one.

  --filter ID   only cases whose id contains ID, or matches it where it has a *: 'forward/values:*float16*'
  --depth D     quick, default or thorough: how much of the suite; default unless given
  --coverage    what the cases of that depth cover, and why not the rest; with MODULE, those that apply to its backend
  --seed N      of the random inputs; ${DEFAULT_SEED} unless given
  --timeout SECONDS  for one case; 60 unless given
  --fail-fast   ends at the first failure
  --json        the report as JSON on stdout
  --html FILE   the report as a page, too
  --junit FILE  the report as JUnit XML, too
  --explain ID  one case: its inputs, its calls as code, expected and got, and what the contract promises;
                with --json all of the numbers
  --fuzz ROWS   instead of the suite: random calls with random bit patterns, ROWS rows in all
  --replay TRIAL  one call that --fuzz printed
  --help        this text

The backend runs in a process of its own, which is started again after a case that ends it or does not come back.

Exit status: 0 all passed, 1 something failed, 2 wrong usage.`;

export class UsageError extends Error {}
