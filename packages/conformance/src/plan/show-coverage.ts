import type { BackendProvider, Supports } from '@rmsnorm/core';
import type { Depth } from '../case/depth.ts';
import { listCases } from '../cases/list.ts';
import { coverageOf } from './coverage.ts';
import { formatCoverage } from './format-coverage.ts';

/** The table of what the cases of a depth cover: all of them, or those that apply to this provider's backend. */
export async function showCoverage(depth: Depth, provider: BackendProvider | null): Promise<string> {
  const supports = provider && (await supportsOf(provider));
  const text = formatCoverage(coverageOf(listCases(undefined, depth), supports ?? undefined), depth);
  return provider ? `what applies to ${provider.name}\n${text}` : text;
}

async function supportsOf(provider: BackendProvider): Promise<Supports> {
  const backend = await provider.create();
  await backend.dispose();
  return backend.supports;
}
