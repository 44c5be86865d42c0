import { describe, expect, it, vi } from 'vitest';
import { lacking } from '../../../.ci/requirements.ts';
import type { Lineup } from '../src/lineups/lineup.ts';
import { provideWebGPU } from '../src/runners/navigator-gpu.ts';
import { prepareOnnxruntime } from '../src/runners/onnxruntime-in-node.ts';
import { makeWorkload } from '../src/workload.ts';
import { expectRight } from './expect-right.ts';
import { smallSpecs, unableAnywhere } from './small-specs.ts';

// SwiftShader compiles a shader in a second on a busy machine, and each peer has many.
vi.setConfig({ testTimeout: 120_000 });

// Peers look for navigator.gpu when they are imported.
const gpu: Lineup | string = await provideWebGPU().then(
  async () => {
    await prepareOnnxruntime();
    return (await import('../src/lineups/webgpu.ts')).WEBGPU;
  },
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
      if (!unableAnywhere(name, spec.op)) return expectRight(entrant, work);
      expect(await entrant.create(work)).toEqual({ unable: expect.stringMatching(/\w+ \w+/) });
    },
  );
});
