import { type Layout, RMSNormError } from '@rmsnorm/core';
import type { Extent } from '../files/extent.ts';
import { showBytes } from '../terminal/quantities.ts';
import type { Region } from './shard.ts';

/** A part of a tensor of layout [outer, groups, size, inner] whose rows are whole. */
export interface Chunk {
  readonly outerStart: number;
  readonly outers: number;
  readonly groupStart: number;
  readonly groups: number;
  readonly innerStart: number;
  readonly width: number;
}

export interface ChunkPlan {
  /**
   * Where the tensor is cut: nowhere, between outer slabs, between groups of a slab, or along inner within a group
   * (strips).
   */
  readonly along: 'nothing' | 'outer' | 'groups' | 'inner';
  readonly count: number;
  readonly largestBytes: number;
  chunks(): Iterable<Chunk>;
}

/** Larger chunks would be slower: reading, normalizing and writing overlap later, and buffers do not fit the caches. */
const PREFERRED_BYTES = 1 << 20;

/** No array and no call of the system has 2^31 bytes or more, whatever the memory. */
const MOST_CHUNK_BYTES = 2 ** 31 - 2 ** 12;

/**
 * Cuts a tensor into chunks of at most `memoryLimit` bytes, and less than 2 GiB: along outer; where one slab does not fit, along groups; where one
 * group does not fit, in strips along inner. Rows stay whole. Where inner is more than 1, so is the width of a strip: backends
 * may add up rows in another order where inner is 1.
 * @throws RMSNormError OUT_OF_MEMORY where the narrowest chunk is larger
 */
export function planChunks(
  layout: Layout,
  elementBytes: number,
  memoryLimit: number,
  chunksInMemory: number = CHUNKS_IN_MEMORY,
): ChunkPlan {
  const limit = Math.min(memoryLimit, MOST_CHUNK_BYTES);
  const { outer, groups, size, inner } = layout;
  const columnBytes = size * elementBytes;
  const groupBytes = columnBytes * inner;
  const slabBytes = groupBytes * groups;
  if (outer === 0 || inner === 0) return { along: 'nothing', count: 0, largestBytes: 0, chunks: () => [] };

  const preferred = Math.min(limit, PREFERRED_BYTES);
  if (slabBytes <= limit) {
    const outers = Math.min(outer, Math.max(1, Math.floor(preferred / slabBytes)));
    return plan(outers === outer ? 'nothing' : 'outer', layout, elementBytes, outers, groups, [inner]);
  }
  if (groupBytes <= limit) {
    return plan('groups', layout, elementBytes, 1, Math.max(1, Math.floor(preferred / groupBytes)), [inner]);
  }
  const narrowest = inner === 1 ? 1 : 2 + (inner % 2);
  if (columnBytes * narrowest > limit) {
    throw rowTooLarge(layout, elementBytes, columnBytes * narrowest, { limit, chunksInMemory });
  }
  return plan('inner', layout, elementBytes, 1, 1, strips(inner, Math.floor(limit / columnBytes)));
}

/**
 * {@link planChunks} of some regions of a tensor, one after the other.
 * @throws RMSNormError OUT_OF_MEMORY
 */
export function planRegions(
  layout: Layout,
  regions: readonly Region[],
  elementBytes: number,
  memoryLimit: number,
  chunksInMemory: number = CHUNKS_IN_MEMORY,
): ChunkPlan {
  const plans = regions.map((region) => ({
    region,
    plan: planChunks(
      { ...layout, outer: region.outers, groups: region.groups },
      elementBytes,
      memoryLimit,
      chunksInMemory,
    ),
  }));
  function* chunks(): Iterable<Chunk> {
    for (const { region, plan } of plans) {
      for (const chunk of plan.chunks()) {
        const outerStart = region.outerStart + chunk.outerStart;
        yield { ...chunk, outerStart, groupStart: region.groupStart + chunk.groupStart };
      }
    }
  }
  return {
    along: plans[0]?.plan.along ?? 'nothing',
    count: plans.reduce((sum, { plan }) => sum + plan.count, 0),
    largestBytes: Math.max(0, ...plans.map(({ plan }) => plan.largestBytes)),
    chunks,
  };
}

/** Where the elements of a chunk lie in a file whose tensor begins at `start`. */
export function extentOf({ groups, size, inner }: Layout, chunk: Chunk, elementBytes: number, start: number): Extent {
  const { outerStart, outers, groupStart, innerStart, width } = chunk;
  const first = (outerStart * groups + groupStart) * size * inner + innerStart;
  const position = start + first * elementBytes;
  if (width < inner) {
    return { position, bytes: width * elementBytes, stride: inner * elementBytes, count: size };
  }
  const bytes = outers * chunk.groups * size * inner * elementBytes;
  return { position, bytes, stride: bytes, count: 1 };
}

function plan(
  along: ChunkPlan['along'],
  { outer, groups, size }: Layout,
  elementBytes: number,
  outers: number,
  groupsAtOnce: number,
  widths: readonly number[],
): ChunkPlan {
  function* chunks(): Iterable<Chunk> {
    for (let outerStart = 0; outerStart < outer; outerStart += outers) {
      for (let groupStart = 0; groupStart < groups; groupStart += groupsAtOnce) {
        let innerStart = 0;
        for (const width of widths) {
          yield {
            outerStart,
            outers: Math.min(outers, outer - outerStart),
            groupStart,
            groups: Math.min(groupsAtOnce, groups - groupStart),
            innerStart,
            width,
          };
          innerStart += width;
        }
      }
    }
  }
  return {
    along,
    count: Math.ceil(outer / outers) * Math.ceil(groups / groupsAtOnce) * widths.length,
    largestBytes: Math.min(outers, outer) * Math.min(groupsAtOnce, groups) * size * widths[0]! * elementBytes,
    chunks,
  };
}

/** Widths that differ by at most one, so that the last strip is not much narrower. */
function strips(inner: number, widest: number): readonly number[] {
  const count = Math.ceil(inner / widest);
  const narrow = Math.floor(inner / count);
  const wider = inner - narrow * count;
  return Array.from({ length: count }, (_, i) => (i < wider ? narrow + 1 : narrow));
}

function rowTooLarge(
  { size, inner }: Layout,
  elementBytes: number,
  needed: number,
  { limit, chunksInMemory }: { limit: number; chunksInMemory: number },
): RMSNormError {
  const rows = inner === 1 ? 'one row' : `${needed / size / elementBytes} neighbouring rows`;
  const problem = `${rows} of ${size} elements must be in memory at once and take`;
  const wayOut =
    needed > MOST_CHUNK_BYTES
      ? `${needed} bytes, a chunk may take ${MOST_CHUNK_BYTES} with any --memory: such rows are beyond this program`
      : `${showBytes(needed)}, a chunk may take ${showBytes(limit)}: give at least ` +
        `--memory ${Math.ceil((needed * chunksInMemory) / 2 ** 20)}MiB`;
  return new RMSNormError('OUT_OF_MEMORY', `${problem} ${wayOut}`);
}

/** One is read, one is normalized into another, one is written. */
export const CHUNKS_IN_MEMORY = 4;
