export { type Case, NotApplicable, type Requirements, type Subject } from './case.ts';
export type { Filter } from './filter.ts';
export { formatReport } from './format-report.ts';
export { listCases } from './list.ts';
export { providerOf } from './provider-of.ts';
export { createRandom, type Random } from './random.ts';
export type { CaseResult, Report, Status } from './report.ts';
export { DEFAULT_SEED, type RunOptions, runConformance } from './run.ts';
export { openSession, type Session, type SessionOptions } from './session.ts';
