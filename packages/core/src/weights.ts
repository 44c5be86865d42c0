/** gamma and beta on the device: float32, one element for each feature. */
export interface WeightBuffers<B> {
  readonly gamma: B | null;
  readonly beta: B | null;
}
