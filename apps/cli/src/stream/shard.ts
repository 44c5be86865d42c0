import type { Layout } from '@rmsnorm/core';

/** Part `index`, counted from 0, of `count` equal parts of the work. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Shard = { index: 0, count: 1 };

/** From `start` up to `end`, without `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Neighbouring slabs with all their groups, or neighbouring groups of one slab. Their bytes have no gap. */
export interface Region {
  readonly outerStart: number;
  readonly outers: number;
  readonly groupStart: number;
  readonly groups: number;
}

/** The shard's share of `total` things. The shares of all shards cover all things, and differ by at most one. */
export function shareOf(total: number, { index, count }: Shard): Range {
  // Not total * index / count: the product may be too large for an integer.
  const least = Math.floor(total / count);
  const more = total % count;
  const at = (i: number): number => i * least + Math.min(i, more);
  return { start: at(index), end: at(index + 1) };
}

/**
 * What a shard normalizes: slabs along outer; where there are fewer slabs than shards, groups of them. Where there are fewer
 * groups than shards, some shards are empty: strips along inner would be spread over the whole file.
 */
export function regionsOf({ outer, groups }: Layout, shard: Shard): readonly Region[] {
  if (outer >= shard.count) {
    const { start, end } = shareOf(outer, shard);
    return [{ outerStart: start, outers: end - start, groupStart: 0, groups }];
  }
  const { start, end } = shareOf(outer * groups, shard);
  const regions: Region[] = [];
  for (let at = start; at < end; ) {
    const outerStart = Math.floor(at / groups);
    const groupStart = at % groups;
    const taken = Math.min(end - at, groups - groupStart);
    regions.push({ outerStart, outers: 1, groupStart, groups: taken });
    at += taken;
  }
  return regions;
}
