import type { Lineup } from './lineup.ts';

/** The targets that are measured in a page. */
export const PAGE_TARGETS = ['chromium', 'chromium-webgpu'] as const;

export type PageTarget = (typeof PAGE_TARGETS)[number];

/** The lineup of a target. Its libraries are loaded now: the other target has others. */
export async function lineupOf(target: PageTarget): Promise<Lineup> {
  switch (target) {
    case 'chromium':
      return (await import('./chromium.ts')).CHROMIUM;
    case 'chromium-webgpu':
      await import('../page/gpu-binary.ts');
      return (await import('./webgpu.ts')).WEBGPU;
    default:
      throw new Error(`no lineup for ${target satisfies never}`);
  }
}
