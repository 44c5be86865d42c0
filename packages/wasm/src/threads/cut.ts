/** A chunk of a problem: columns of consecutive slabs [size, inner]. */
export interface Chunk {
  /** Its first slab, of outer * groups. */
  readonly slab: number;
  readonly firstGroup: number;
  readonly outer: number;
  readonly groups: number;
  readonly firstColumn: number;
  readonly endColumn: number;
}

/** What is cut, and how. */
export interface Cut {
  readonly outer: number;
  readonly groups: number;
  readonly inner: number;
  readonly threads: number;
  /** The most chunks: a multiple of threads. */
  readonly most: number;
  /** Whether the groups of one outer may go to different chunks. */
  readonly separable: boolean;
  /** Slabs are cut between columns at multiples of this. With inner or more they are not cut. */
  readonly step: number;
}

/**
 * Cuts outer * groups slabs into chunks. A chunk has all groups of consecutive outers if there are enough outers; else it
 * has consecutive groups of one outer. If threads would get different numbers of chunks, each chunk is cut between
 * columns too.
 */
export function cut(problem: Cut): Chunk[] {
  const { inner, threads, most, step } = problem;
  const chunks = cutSlabs(problem);
  if (chunks.length % threads === 0 || chunks.length * threads > most || step >= inner) return chunks;
  // A last column goes with the step before it, as a row has other bits where inner is 1.
  const steps = Math.floor((inner - 2) / step) + 1;
  const pieces = Math.min(threads, steps);
  const edge = (i: number): number => (i === pieces ? inner : Math.floor((i * steps) / pieces) * step);
  return chunks.flatMap((chunk) =>
    Array.from({ length: pieces }, (_, i) => ({ ...chunk, firstColumn: edge(i), endColumn: edge(i + 1) })),
  );
}

function cutSlabs({ outer, groups, inner, most, separable }: Cut): Chunk[] {
  const columns = { firstColumn: 0, endColumn: inner };
  const chunks: Chunk[] = [];
  const perOuter = separable ? Math.min(groups, Math.floor(most / outer)) : 1;
  if (perOuter <= 1) {
    const pieces = Math.min(outer, most);
    for (let i = 0; i < pieces; i++) {
      const from = Math.floor((i * outer) / pieces);
      const to = Math.floor(((i + 1) * outer) / pieces);
      chunks.push({ slab: from * groups, firstGroup: 0, outer: to - from, groups, ...columns });
    }
    return chunks;
  }
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < perOuter; i++) {
      const from = Math.floor((i * groups) / perOuter);
      const to = Math.floor(((i + 1) * groups) / perOuter);
      chunks.push({ slab: o * groups + from, firstGroup: from, outer: 1, groups: to - from, ...columns });
    }
  }
  return chunks;
}
