/** A storage buffer with these contents, or of this many bytes. */
export function gpuBuffer(device: GPUDevice, contents: Uint8Array | number): GPUBuffer {
  const size = typeof contents === 'number' ? contents : contents.byteLength;
  const buffer = device.createBuffer({
    size,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  if (typeof contents !== 'number') device.queue.writeBuffer(buffer, 0, contents as Uint8Array<ArrayBuffer>);
  return buffer;
}

/** A copy of a buffer's bytes on the host. */
export async function gpuBytes(device: GPUDevice, buffer: GPUBuffer): Promise<Uint8Array> {
  const staging = device.createBuffer({ size: buffer.size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const bytes = new Uint8Array(staging.getMappedRange().slice(0));
  staging.destroy();
  return bytes;
}
