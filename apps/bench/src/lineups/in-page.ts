import type { Target } from '../spec.ts';
import type { Lineup } from './lineup.ts';

/** Each with its own libraries, loaded when it is asked for. */
export async function lineupOf(target: Target): Promise<Lineup> {
  if (target !== 'chromium-webgpu') return (await import('./chromium.ts')).CHROMIUM;
  await import('../page/gpu-binary.ts');
  return (await import('./webgpu.ts')).WEBGPU;
}
