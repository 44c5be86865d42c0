import type { Case } from '../../case/case.ts';
import { OPERATIONS } from '../../operations/all.ts';
import { bothSidesOf } from './both-sides.ts';
import { manifestCases } from './manifest.ts';
import { operationSides } from './operations.ts';

/**
 * `supports`, both sides of it: what a backend declares must work, what it does not declare must throw UNSUPPORTED. None
 * of these cases is ever skipped. The dtypes and features of the other operations follow with the rest of their cases.
 */
export const supportsCases: readonly Case[] = [...manifestCases, ...operationSides, ...bothSidesOf(OPERATIONS.forward)];
