import { rmsnormOneThread, rmsnormThreads } from '../candidates/rmsnorm-threads.ts';
import type { Lineup } from './lineup.ts';

export const THREADS: Lineup = () => [rmsnormThreads, rmsnormOneThread];
