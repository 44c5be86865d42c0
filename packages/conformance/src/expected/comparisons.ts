/** What a case held against each other. */
export interface Comparison {
  /** Of the result, as a message names it: `y`. */
  readonly what: string;
  readonly shape: readonly number[];
  readonly got: ArrayLike<number>;
  /** What the element at `flat` should be; null where the contract leaves it open. */
  readonly expected: (flat: number) => number | null;
  /** In words: what `got` may be off by. */
  readonly bound: string;
}

type Watcher = (comparison: Comparison) => void;

let watcher: Watcher | null = null;

/** Tells `told` of every comparison, until what this gives back is called: an explanation shows them. */
export function watchComparisons(told: Watcher): () => void {
  watcher = told;
  return () => {
    watcher = null;
  };
}

/** Called by all that compares. */
export function noteComparison(comparison: Comparison): void {
  watcher?.(comparison);
}
