import { RMSNormError, show } from '@rmsnorm/core';
import type { Case } from '../case/case.ts';
import { DEPTHS, type Depth } from '../case/depth.ts';
import { countOf } from '../expected/normalization.ts';

/** What each depth leaves out, for `--coverage`. */
export const LEAVES_OUT: Readonly<Record<Depth, readonly string[]>> = {
  quick: [
    'of each family but those of the plan, all but about the root of its number of cases, spread evenly over it',
    'of the plan, all but the first 24 calls of each operation, with rows of up to 4,097 features',
    'calls on more than 20,000 elements where the family has smaller ones, and transfers of more than 1 MiB',
    'rings of 256 and more parameter blocks',
  ],
  default: [
    'triples of dtype, layout, size, kind of rows and place: the plan has all their pairs, and triples of options alone',
    'grids of exactly 65,535, and of more in 16-bit types',
    'sums of 4,096 and more falling terms, and of any in 16-bit types; wide rows of 131,073 beside others',
    'transfers of 64 MiB, and of 16 MiB in 16-bit types',
  ],
  thorough: [],
};

/** Calls of a quick run have no more elements where the family has others. */
const QUICK_ELEMENTS = 20_000;

/** @throws RMSNormError INVALID_OPTION */
export function checkedDepth(depth: unknown): Depth {
  const known = DEPTHS.find((name) => name === depth);
  if (known) return known;
  throw new RMSNormError('INVALID_OPTION', `depth must be one of ${DEPTHS.join(', ')}, got ${show(depth)}`);
}

/** Those of `cases`, which are all that there are at this depth or more, that run at it. */
export function casesAt(depth: Depth, cases: readonly Case[]): readonly Case[] {
  if (depth === 'quick') return quickCases(cases);
  return cases.filter((entry) => DEPTHS.indexOf(entry.depth ?? 'default') <= DEPTHS.indexOf(depth));
}

function quickCases(cases: readonly Case[]): readonly Case[] {
  const families = new Map<string, Case[]>();
  for (const entry of cases) {
    if (entry.depth !== undefined) continue;
    const name = familyOf(entry);
    const family = families.get(name);
    if (family) family.push(entry);
    else families.set(name, [entry]);
  }
  const taken = new Set([...families.values()].flatMap((family) => sampleOf(smallOnes(family))));
  return cases.filter((entry) => entry.depth === 'quick' || taken.has(entry));
}

function familyOf({ id }: Case): string {
  return id.slice(0, id.indexOf(':'));
}

/** Of a family those cases that are small, or the smallest where none is. */
function smallOnes(family: readonly Case[]): readonly Case[] {
  const elements = ({ call }: Case): number => (call === undefined ? 0 : countOf(call.spec.shape));
  const small = family.filter((entry) => elements(entry) <= QUICK_ELEMENTS);
  if (small.length > 0) return small;
  return [family.reduce((least, entry) => (elements(entry) < elements(least) ? entry : least))];
}

/** About the root of their number, the first and the last among them. */
function sampleOf(family: readonly Case[]): readonly Case[] {
  const count = Math.min(family.length, Math.ceil(Math.sqrt(family.length)) + 1);
  return Array.from({ length: count }, (_, i) => {
    const at = count === 1 ? 0 : Math.round((i * (family.length - 1)) / (count - 1));
    return family[at]!;
  });
}
