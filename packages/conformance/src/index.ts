/*
 * The folders of the suite:
 *
 *   case/        what a case is, and what cases use: failures, refusals, tensors that are disposed
 *   cases/       the cases, a folder for each kind of promise; list.ts lists them
 *   plan/        the table of what is to be covered, the calls that cover it, and what the cases do cover
 *   operations/  how the suite calls each operation, and how it judges what comes out
 *   expected/    the formula in float64, the bounds of the contract, and results held against both
 *   inputs/      seeded random numbers, and the number formats
 *   explain/     one case with all its numbers, its calls as code, and what the contract says
 *   run/         runs cases against a backend, whatever that does
 *   report/      the results as data, as text, as a page, as JUnit XML
 *   command/     the command line: the backend in a process of its own, and the one that watches it
 *   fuzz/        random calls with random bits, in place of the cases
 *   golden/      what other programs gave
 *
 * vitest.ts and bin.ts run the suite as tests of Vitest and from the command line.
 */
export { type Case, NotApplicable, type Requirements, type Subject } from './case/case.ts';
export type { Depth } from './case/depth.ts';
export { listCases } from './cases/list.ts';
export { type Compared, type Explanation, explainCase } from './explain/explain.ts';
export { formatExplanation } from './explain/format-explanation.ts';
export type { RecordedCall, RecordedOperand } from './explain/recording.ts';
export { type Counterexample, type FuzzOptions, type FuzzReport, runFuzz } from './fuzz/fuzz.ts';
export { errorBeforeRounding, type LargestError } from './fuzz/largest-errors.ts';
export type { Bits, Trial } from './fuzz/trial.ts';
export { formatTrial, parseTrial } from './fuzz/trial-text.ts';
export { createRandom, type Random } from './inputs/random.ts';
export { type Coverage, coverageOf } from './plan/coverage.ts';
export { formatCoverage } from './plan/format-coverage.ts';
export { providerOf } from './provider-of.ts';
export { formatHtml } from './report/format-html.ts';
export { formatJUnit } from './report/format-junit.ts';
export { formatReport } from './report/format-report.ts';
export type { CaseResult, Report, Status } from './report/report.ts';
export { assertConformance } from './run/assert-conformance.ts';
export type { Filter } from './run/filter.ts';
export { DEFAULT_SEED, type RunOptions, runConformance } from './run/run.ts';
export { openSession, type Session, type SessionOptions } from './run/session.ts';
