import type { ForwardOptions, ForwardSpec, Layout } from '../../operations/forward-spec.ts';

/** Sizes around the widths of vectors and blocks, and where implementations switch between kernels. */
export const SIZES: readonly number[] = [
  1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 128, 129, 257, 512, 513, 1000, 1024, 1025, 4096, 4099, 8193,
];

/** Every kind of layout, lengths distinct so that a wrong axis cannot hide. */
export const LAYOUTS: readonly Layout[] = [
  { shape: [7], options: { dim: 7, axis: 0 } },
  { shape: [2, 3, 5, 7], options: { dim: 2, axis: 0 } },
  { shape: [2, 3, 5, 7], options: { dim: 3 } },
  { shape: [2, 3, 5, 7], options: { dim: 5, axis: -2 } },
  { shape: [2, 3, 5, 7], options: { dim: 7, axis: -1 } },
  { shape: [2, 3, 5, 7], options: { dim: [3, 5], axis: 1 } },
  { shape: [2, 3, 5, 7], options: { dim: [5, 7], axis: -2, groups: 7 } },
  { shape: [3, 6], options: { dim: 6, axis: -1, groups: 3 } },
  { shape: [3, 6], options: { dim: 6, axis: -1, groups: 6 } },
  { shape: [5, 1032], options: { dim: 1032, axis: -1, groups: 8 } },
  { shape: [3, 10, 7], options: { dim: 10, groups: 2 } },
  { shape: [2, 24, 4, 4], options: { dim: 24, groups: 4 } },
  { shape: [2, 11, 2], options: { dim: 11 } },
  { shape: [2, 11, 8], options: { dim: 11 } },
  { shape: [2, 11, 17], options: { dim: 11 } },
  { shape: [2, 11, 129], options: { dim: 11 } },
  { shape: [1, 11, 1025], options: { dim: 11 } },
  { shape: [2, 513, 5], options: { dim: 513 } },
  { shape: [2, 512, 4, 4], options: { dim: 512 } },
];

/** More rows than a block, a grid's axis or a chain of float32 additions can take. */
export const MANY_ROWS: readonly Layout[] = [
  { shape: [257, 20], options: { dim: 20, axis: -1 } },
  { shape: [513, 33], options: { dim: 33, axis: -1 } },
  { shape: [65537, 3], options: { dim: 3, axis: -1 } },
  { shape: [257, 2, 130], options: { dim: 2 } },
];

/** Every option, and those that meet in a kernel. */
export const VARIANTS: Readonly<
  Record<string, Omit<ForwardSpec, 'shape' | 'options'> & { options?: Partial<ForwardOptions> }>
> = {
  'eps=0': { options: { eps: 0 } },
  'eps=0.5': { options: { eps: 0.5 } },
  'mode=clamp,eps=1e-12': { options: { epsMode: 'clamp', eps: 1e-12 } },
  'mode=clamp,eps=1000': { options: { epsMode: 'clamp', eps: 1000 } },
  'scale=3': { options: { scale: 3 } },
  'scale=-0.25': { options: { scale: -0.25 } },
  'partial=0.5': { options: { partial: 0.5 } },
  'partial=0.01': { options: { partial: 0.01 } },
  'gamma=none': { gamma: null },
  'gamma=none,scale=3,partial=0.3': { gamma: null, options: { scale: 3, partial: 0.3 } },
  'beta=some': { beta: true },
  'offset=1': { options: { weightOffset: 1 } },
  'offset=1,beta=some,partial=0.3': { options: { weightOffset: 1, partial: 0.3 }, beta: true },
  'mode=clamp,offset=1,beta=some,scale=0.5': {
    options: { epsMode: 'clamp', eps: 1e-12, weightOffset: 1, scale: 0.5 },
    beta: true,
  },
  'casting=llama': { options: { casting: 'llama' } },
  'casting=llama,offset=1,beta=some': { options: { casting: 'llama', weightOffset: 1 }, beta: true },
};

/** Where the variants are tried. */
export const VARIED: readonly (Layout & { readonly name: string })[] = [
  { name: '5x130', shape: [5, 130], options: { dim: 130, axis: -1 } },
  { name: '2x36x5,groups=3', shape: [2, 36, 5], options: { dim: 36, groups: 3 } },
];
