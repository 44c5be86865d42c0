import type { Case } from '../../case/case.ts';
import { callErrorCases } from './calls.ts';
import { optionErrorCases } from './options.ts';
import { otherErrorCases } from './others.ts';

/** Errors: wrong calls are refused with the right code, before anything runs, and leave nothing behind. */
export const errorCases: readonly Case[] = [...callErrorCases, ...optionErrorCases, ...otherErrorCases];
