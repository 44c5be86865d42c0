import { onnxruntimeNode } from '../candidates/onnxruntime-node.ts';
import { cpuLineup } from './cpu.ts';
import type { Lineup } from './lineup.ts';

export const NODE: Lineup = cpuLineup([onnxruntimeNode]);
