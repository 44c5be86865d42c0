import type { Target } from '../spec.ts';
import type { Lineup } from './lineup.ts';

/** Each with its own libraries, loaded when it is asked for. */
export async function lineupOf(target: Target): Promise<Lineup> {
  return target === 'chromium-webgpu'
    ? (await import('./chromium-webgpu.ts')).CHROMIUM_WEBGPU
    : (await import('./chromium.ts')).CHROMIUM;
}
