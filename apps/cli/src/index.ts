export type { BenchReport, BenchRow } from './commands/bench.ts';
export type { DoctorReport } from './commands/doctor.ts';
export type { RunFailure } from './commands/run-many.ts';
export type { ShardFinishedBefore } from './commands/run-shard.ts';
export type { RunSummary } from './commands/run-summary.ts';
export type { Finished } from './files/finish-shards.ts';
export { main } from './main.ts';
