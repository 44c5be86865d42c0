/** Where kernels change their way: one block of sizes for each. */
export interface SizeClass {
  readonly name: string;
  /** Tried in turn. */
  readonly sizes: readonly number[];
}

/** Both neighbours of a power of two, and itself. */
const around = (size: number): SizeClass => ({ name: `around-${size}`, sizes: [size + 1, size, size - 1] });

/** Primes, far from any power of two. */
const primes = (below: number, sizes: readonly number[]): SizeClass => ({ name: `primes-below-${below}`, sizes });

/** From small to large. */
export const SIZE_CLASSES: readonly SizeClass[] = [
  { name: 'to-5', sizes: [5, 3, 4, 2, 1] },
  ...[8, 16, 32, 64, 128, 256].map(around),
  primes(256, [41, 11, 97, 191, 23]),
  ...[1024].map(around),
  primes(1024, [769, 521, 347]),
  ...[4096, 8192].map(around),
  primes(8192, [2053, 5003, 3001]),
  ...[65536, 131072].map(around),
  primes(65536, [20011, 12289, 40009]),
];

/** Classes whose rows cost much. */
export const COSTLY_SIZES: readonly string[] = SIZE_CLASSES.flatMap(({ name, sizes }) =>
  Math.max(...sizes) > 1025 ? [name] : [],
);

const CLASS_OF: ReadonlyMap<number, string> = new Map(
  SIZE_CLASSES.flatMap(({ name, sizes }) => sizes.map((size) => [size, name] as const)),
);

/** The class that a size belongs to; null for one between the classes. */
export function sizeClassOf(size: number): string | null {
  return CLASS_OF.get(size) ?? null;
}

export function sizesOf(name: string): readonly number[] {
  return SIZE_CLASSES.find((entry) => entry.name === name)!.sizes;
}
