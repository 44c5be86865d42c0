import type { Case } from '../../case/case.ts';
import { CONTENTS } from './contents.ts';
import { handleCases } from './handles.ts';
import { readCases } from './reads.ts';
import { SHARED_MEMORY } from './shared-memory.ts';
import { tensorCheckCases } from './tensor-check.ts';
import { wrappedMemoryCases } from './wrapped-memory.ts';

/** Tensors by themselves, without a norm: what goes in comes out, reads can be aborted, memory can be shared. */
export const tensorCases: readonly Case[] = [
  ...tensorCheckCases({ ...CONTENTS, ...SHARED_MEMORY }),
  ...readCases,
  ...wrappedMemoryCases,
  ...handleCases,
];
