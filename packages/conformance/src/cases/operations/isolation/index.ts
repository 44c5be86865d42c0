import type { Case } from '../../../case/case.ts';
import { operationCheckCases } from './checks.ts';
import { inPlaceCases } from './in-place.ts';

/** Isolation, as of forward, and every way that the contract allows of letting an output be an input. */
export const operationIsolationCases: readonly Case[] = [...operationCheckCases, ...inPlaceCases];
