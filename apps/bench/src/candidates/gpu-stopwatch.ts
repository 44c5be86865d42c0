/** A flag for Dawn. Without it, timestamps are rounded to 100 microseconds, against pages that spy by timing. */
export const EXACT_TIMESTAMPS = 'disable-dawn-features=timestamp_quantization';

const TIMESTAMP_BYTES = 8;

/** Times commands by the device's own clock: two timestamps around them, in one encoder. */
export class GPUStopwatch {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #answer: GPUBuffer;
  /** Is cleared before each timestamp: a pass without any work near it may be left out. */
  readonly #filler: GPUBuffer;

  /** @param device one with the feature timestamp-query */
  constructor(device: GPUDevice) {
    this.#device = device;
    const buffer = (size: number, usage: number): GPUBuffer => device.createBuffer({ size, usage });
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    this.#resolved = buffer(2 * TIMESTAMP_BYTES, GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
    this.#answer = buffer(2 * TIMESTAMP_BYTES, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    this.#filler = buffer(4, GPUBufferUsage.COPY_DST);
  }

  /** Milliseconds that the device takes for what `encode` puts into the encoder. */
  async time(encode: (encoder: GPUCommandEncoder) => void): Promise<number> {
    const encoder = this.#device.createCommandEncoder();
    this.#stamp(encoder, 0);
    encode(encoder);
    this.#stamp(encoder, 1);
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#answer, 0, this.#answer.size);
    this.#device.queue.submit([encoder.finish()]);
    await this.#answer.mapAsync(GPUMapMode.READ);
    const [start, end] = new BigInt64Array(this.#answer.getMappedRange().slice(0));
    this.#answer.unmap();
    return Number(end! - start!) / 1e6;
  }

  dispose(): void {
    this.#queries.destroy();
    for (const buffer of [this.#resolved, this.#answer, this.#filler]) buffer.destroy();
  }

  #stamp(encoder: GPUCommandEncoder, index: number): void {
    encoder.clearBuffer(this.#filler);
    const timestampWrites = { querySet: this.#queries, beginningOfPassWriteIndex: index };
    encoder.beginComputePass({ timestampWrites }).end();
  }
}
