import { FLOAT_DTYPES } from '@rmsnorm/core';
import { describe, expect, it, vi } from 'vitest';
import { NODE } from '../src/lineups/node.ts';
import { makeWorkload } from '../src/workload.ts';
import { expectRight } from './expect-right.ts';
import { smallSpec, smallSpecs, unableAnywhere } from './small-specs.ts';

// Peers take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** What is known not to run in Node: everything else must. */
function knownUnable(name: string, dtype: string, op: string): boolean {
  if (unableAnywhere(name, op)) return true;
  if (dtype === 'float32') return false;
  if (/^(tfjs|jax|plain-js)/.test(name)) return true;
  return dtype === 'bfloat16' && name.startsWith('onnxruntime');
}

const SIXTEEN_BIT = FLOAT_DTYPES.filter((dtype) => dtype !== 'float32').flatMap((dtype) =>
  smallSpecs('node')
    .filter(({ op, place }) => /^forward/.test(op) && place === 'resident')
    .map((spec) => smallSpec({ ...spec, dtype })),
);

for (const spec of [...smallSpecs('node'), ...SIXTEEN_BIT]) {
  describe(spec.id, () => {
    const work = makeWorkload(spec);
    for (const entrant of NODE(spec)) {
      if (knownUnable(entrant.name, spec.dtype, spec.op)) {
        it(`${entrant.name} says why it cannot`, async () => {
          expect(await entrant.create(work)).toEqual({ unable: expect.stringMatching(/\w+ \w+/) });
        });
        continue;
      }
      it(`${entrant.name} is right, also when run again`, () => expectRight(entrant, work));
    }
  });
}
