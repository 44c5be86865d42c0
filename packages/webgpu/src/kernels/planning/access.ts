/** How many numbers an invocation handles at a time: WGSL's f32, vec2f or vec4f. */
export type Components = 1 | 2 | 4;

/**
 * The elements that an invocation gets at a time, of a tensor laid out as x:
 *
 * - `quad`: four neighbours that start at a multiple of 4
 * - `ragged`: up to four neighbours; those of 16 bits start at an even element
 * - `unaligned`: up to four 16-bit neighbours that start anywhere; only read
 * - `word`: the two 16-bit elements of a word, or the last one
 * - `one`: one element; of 16 bits only read
 * - `feature-of-pair`: one feature of two successive rows, of 16 bits; only read
 * - `features-of-pair`: two neighbouring features of two successive rows, of 16 bits (see wgsl/row-pairs.ts)
 *
 * Every word that is written is written by one invocation, which has read it before.
 */
export type Access = 'quad' | 'ragged' | 'unaligned' | 'word' | 'one' | 'feature-of-pair' | 'features-of-pair';

export const COMPONENTS: Readonly<Record<Access, Components>> = {
  quad: 4,
  ragged: 4,
  unaligned: 4,
  word: 2,
  one: 1,
  'feature-of-pair': 2,
  'features-of-pair': 4,
};

/**
 * Which numbers of gamma and beta go with the elements of an access:
 *
 * - `same`: one for all
 * - `consecutive`: neighbours
 * - `two`: those of two features
 * - `two-of-pair`: two neighbours for each of the two rows of a pair, in the order of `features-of-pair`
 * - `words-of-pair`: the same in the order of the words that are written
 * - `any`: those of four features
 */
export type WeightAccess = 'same' | 'consecutive' | 'two' | 'two-of-pair' | 'words-of-pair' | 'any';
