import { gpuDevice } from '../candidates/gpu-device.ts';
import { EXACT_TIMESTAMPS } from '../candidates/gpu-stopwatch.ts';
import { requireGPUClock } from '../candidates/on-gpu-clock.ts';
import { versionOf } from '../environment.ts';
import { GPU_CLOCK } from '../lineups/gpu-clock.ts';
import { measureForParent } from './child.ts';
import { provideWebGPU } from './navigator-gpu.ts';

await measureForParent('gpu-clock', async () => {
  // DAWN adds features, as in DAWN=enable-dawn-features=vulkan_enable_f16_on_nvidia.
  const adapter = await provideWebGPU([EXACT_TIMESTAMPS, ...(process.env.DAWN?.split(' ') ?? [])]);
  const device = await gpuDevice();
  requireGPUClock(device);
  const optional = ['subgroups', 'shader-f16'].map((name) => (device.features.has(name) ? name : `no ${name}`));
  return {
    lineup: GPU_CLOCK,
    engine: `Node ${process.versions.node}, npm webgpu ${versionOf('webgpu')}, ${adapter}, ${optional.join(', ')}`,
    cpuClock: null,
  };
});
