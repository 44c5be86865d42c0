export type { CudaGraph } from './capture.ts';
export type { CudaOptions, EmulatedDevice } from './options.ts';
export { cuda } from './provider.ts';
export type { CudaBackend, CudaPointer, CudaTensor } from './tensor.ts';
