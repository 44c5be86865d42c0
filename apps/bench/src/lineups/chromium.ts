import { cpuLineup } from './cpu.ts';
import type { Lineup } from './lineup.ts';

export const CHROMIUM: Lineup = cpuLineup();
