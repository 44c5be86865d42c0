import type { Case } from '../../case/case.ts';
import { isolationCheckCases } from './checks.ts';
import { specialRowCases } from './special-rows.ts';

/**
 * Isolation: a forward writes every element of its output and nothing else, reads nothing but its inputs, and takes
 * effect in the order of the calls.
 */
export const isolationCases: readonly Case[] = [...isolationCheckCases, ...specialRowCases];
