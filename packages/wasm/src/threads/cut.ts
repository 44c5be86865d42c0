/** A chunk of a problem: columns of whole slabs [size, inner] that lie one behind another. */
export interface Chunk {
  /** The first of its slabs, of outer * groups. */
  readonly slab: number;
  readonly firstGroup: number;
  readonly outer: number;
  readonly groups: number;
  readonly firstColumn: number;
  readonly endColumn: number;
}

/** What is to be cut, and how. */
export interface Cut {
  readonly outer: number;
  readonly groups: number;
  readonly inner: number;
  readonly threads: number;
  /** The most chunks: a multiple of threads. */
  readonly most: number;
  /** Whether groups may be separated. */
  readonly apart: boolean;
  /** Columns are cut at multiples of this; inner or more where they are not to be. */
  readonly step: number;
}

/**
 * Cuts outer * groups slabs into chunks of all groups of neighbouring outers, where there are enough of these, else of
 * neighbouring groups of one outer; and, where not every thread would get as many of them, each of these between columns.
 */
export function cut(problem: Cut): Chunk[] {
  const { inner, threads, most, step } = problem;
  const chunks = cutSlabs(problem);
  if (chunks.length % threads === 0 || chunks.length * threads > most || step >= inner) return chunks;
  // A last column by itself belongs to the step before it, as in the kernels.
  const steps = Math.floor((inner - 2) / step) + 1;
  const pieces = Math.min(threads, steps);
  const edge = (i: number): number => (i === pieces ? inner : Math.floor((i * steps) / pieces) * step);
  return chunks.flatMap((chunk) =>
    Array.from({ length: pieces }, (_, i) => ({ ...chunk, firstColumn: edge(i), endColumn: edge(i + 1) })),
  );
}

function cutSlabs({ outer, groups, inner, most, apart }: Cut): Chunk[] {
  const columns = { firstColumn: 0, endColumn: inner };
  const chunks: Chunk[] = [];
  const perOuter = apart ? Math.min(groups, Math.floor(most / outer)) : 1;
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
