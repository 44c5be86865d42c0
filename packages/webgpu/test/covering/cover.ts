/**
 * What is to be seen of a shader: each pair of the choices that its key names (`kernel:choice,choice:buffers`). A fault
 * that needs three choices at once is for the whole suite to find; sizes of teams and counts of steps are left out.
 */
export function pairsOf(key: string): string[] {
  const [kernel = '', ...rest] = key.split(':');
  const choices = rest.flatMap((part, i) => part.split(',').map((choice, j) => `${i}.${j}=${withoutSizes(choice)}`));
  const pairs = [kernel];
  for (const [i, first] of choices.entries()) {
    pairs.push(`${kernel} ${first}`);
    for (const second of choices.slice(i + 1)) pairs.push(`${kernel} ${first} ${second}`);
  }
  return pairs;
}

/** Without the size of a team (`shared16x16/16`) or a count of steps (`8full`). */
function withoutSizes(choice: string): string {
  return choice.replace(/\d+x\d+\/\d+$/, '').replace(/^\d[\d/x]*/, '');
}

type Shaders = ReadonlyMap<string, ReadonlySet<string>>;

/** The pairs that some case covers, and `cases` do not. */
export function uncovered(shaders: Shaders, cases: ReadonlySet<string>): Set<string> {
  const missing = new Set<string>();
  for (const used of shaders.values()) for (const key of used) for (const pair of pairsOf(key)) missing.add(pair);
  for (const id of cases) {
    for (const key of shaders.get(id) ?? []) for (const pair of pairsOf(key)) missing.delete(pair);
  }
  return missing;
}

/** Cases that cover all pairs, chosen one by one: the next is what covers most for each shader that it makes compile. */
export function cover(shaders: Shaders): string[] {
  const missing = uncovered(shaders, new Set());
  const compiled = new Set<string>();
  const chosen: string[] = [];
  while (missing.size > 0) {
    let best: { id: string; used: ReadonlySet<string>; worth: number } | null = null;
    for (const [id, used] of shaders) {
      const gain = new Set([...used].flatMap(pairsOf).filter((pair) => missing.has(pair))).size;
      const cost = [...used].filter((key) => !compiled.has(key)).length;
      const worth = gain / (cost + 0.05);
      if (worth > (best?.worth ?? 0)) best = { id, used, worth };
    }
    chosen.push(best!.id);
    for (const key of best!.used) {
      compiled.add(key);
      for (const pair of pairsOf(key)) missing.delete(pair);
    }
  }
  return chosen.sort();
}
