/** A chunk of a problem: whole slabs [size, inner] that lie one behind another. */
export interface Chunk {
  /** The first of its slabs, of outer * groups. */
  readonly slab: number;
  readonly firstGroup: number;
  readonly outer: number;
  readonly groups: number;
}

/**
 * Cuts outer * groups slabs into about `count` chunks, at most `count`: of all groups of neighbouring outers where there
 * are that many, else of neighbouring groups of one outer.
 * @param apart whether groups may be separated
 */
export function cut(outer: number, groups: number, count: number, apart: boolean): Chunk[] {
  const chunks: Chunk[] = [];
  const perOuter = apart ? Math.min(groups, Math.floor(count / outer)) : 1;
  if (perOuter <= 1) {
    const pieces = Math.min(outer, count);
    for (let i = 0; i < pieces; i++) {
      const from = Math.floor((i * outer) / pieces);
      const to = Math.floor(((i + 1) * outer) / pieces);
      chunks.push({ slab: from * groups, firstGroup: 0, outer: to - from, groups });
    }
    return chunks;
  }
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < perOuter; i++) {
      const from = Math.floor((i * groups) / perOuter);
      const to = Math.floor(((i + 1) * groups) / perOuter);
      chunks.push({ slab: o * groups + from, firstGroup: from, outer: 1, groups: to - from });
    }
  }
  return chunks;
}
