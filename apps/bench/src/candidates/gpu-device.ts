let device: Promise<GPUDevice> | undefined;

/**
 * One device for all candidates of ours in this process or page, with all that its adapter allows. @throws Error
 * without one
 */
export function gpuDevice(): Promise<GPUDevice> {
  device ??= request();
  return device;
}

async function request(): Promise<GPUDevice> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter');
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  const features = ['shader-f16', 'subgroups', 'timestamp-query'] satisfies GPUFeatureName[];
  return adapter.requestDevice({
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
  });
}

/** An adapter in words. */
export function inWords({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return [vendor, architecture, device, description].filter(Boolean).join(' ');
}
