export type { BenchReport, BenchRow } from './commands/bench.ts';
export type { DoctorReport } from './commands/doctor.ts';
export type { RunSummary } from './commands/run-summary.ts';
export { main } from './main.ts';
