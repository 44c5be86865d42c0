import { describe, expect, it, vi } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import { mistakeIn } from '../src/correctness.ts';
import type { Lineup } from '../src/lineups/lineup.ts';
import { provideGPU } from '../src/runners/node-gpu.ts';
import { makeWorkload } from '../src/workload.ts';
import { smallSpecs, unableAnywhere } from './small-specs.ts';

// SwiftShader compiles a shader in a second on a busy machine, and each peer has many.
vi.setConfig({ testTimeout: 120_000 });

// Peers look for navigator.gpu when they are imported.
const gpu: Lineup | string = await provideGPU().then(
  async () => (await import('../src/lineups/webgpu.ts')).WEBGPU,
  ({ message }: Error) => message,
);

describe.each(smallSpecs('node-webgpu').map((spec) => [spec.id, spec] as const))('%s', (_, spec) => {
  const work = makeWorkload(spec);
  if (typeof gpu === 'string') {
    it('needs WebGPU in Node', ({ skip }) => lacking(skip, gpu));
    return;
  }
  it.each(gpu(spec).map((entrant) => [entrant.name, entrant] as const))(
    '%s is right, or says why it cannot',
    async (name, entrant) => {
      const candidate = await entrant.create(work);
      if (unableAnywhere(name, spec.op)) return expect(candidate).toEqual({ unable: expect.stringMatching(/\w+ \w+/) });
      if ('unable' in candidate) throw new Error(candidate.unable);
      candidate.enter?.();
      for (const count of [1, 3]) {
        await candidate.run(count);
        expect(mistakeIn(await candidate.result(), entrant.does, work)).toBeNull();
      }
      await candidate.dispose();
    },
  );
});
