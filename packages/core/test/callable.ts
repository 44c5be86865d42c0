import {
  type Backend,
  type HostTensor,
  hostTensor,
  type ResolvedOptions,
  RMSNorm,
  reference,
  resolveOptions,
  type Tensor,
} from '../src/index.ts';

// A norm, and what its methods take: for tests that give each argument in turn something else.

export const options: { readonly dim: number; readonly axis: number } = { dim: 4, axis: -1 };
export const norm: RMSNorm = new RMSNorm({ ...options, bias: true });
export const resolved: ResolvedOptions = resolveOptions(options);
export const backend: Backend = await reference().create();
export const x: Tensor<'float32'> = backend.tensor([1, 2, 3, 4], [1, 4]);
export const sums: Tensor<'float32'> = norm.sumSquares(x);
export const host: HostTensor<'float32'> = hostTensor([1, 2, 3, 4], [1, 4]);
