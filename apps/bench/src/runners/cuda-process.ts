import { RMSNormError } from '@rmsnorm/core';
import { cuda } from '@rmsnorm/cuda';
import { cudaDevice } from '../candidates/cuda-device.ts';
import { CUDA } from '../lineups/cuda.ts';
import { measureForParent } from './child.ts';

await measureForParent('cuda', async () => {
  const probe = await cuda({ device: cudaDevice() }).probe();
  if (!probe.ok) throw new RMSNormError(probe.code as 'NO_DEVICE', `${probe.reason}: ${probe.hint}`);
  return { lineup: CUDA, engine: `Node ${process.versions.node}, ${probe.device}`, cpuClock: null };
});
