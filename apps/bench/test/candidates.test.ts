import { FLOAT_DTYPES } from '@rmsnorm/core';
import { describe, expect, it, vi } from 'vitest';
import { ENTRANTS } from '../src/candidates/index.ts';
import { mistakeIn } from '../src/correctness.ts';
import { channelsFirst, grouped, rows } from '../src/shapes.ts';
import { makeWorkload, type Place } from '../src/workload.ts';

// Peers take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const SMALL = [rows(3, 64), channelsFirst([2, 24, 3, 5]), grouped(5, 48, 4)];

/** What is known not to run: everything else must. */
const UNABLE = {
  float32: [],
  float16: ['tfjs-wasm', 'plain-js'],
  bfloat16: ['onnxruntime-wasm', 'onnxruntime-kernel', 'tfjs-wasm', 'plain-js'],
};

for (const place of ['resident', 'outside'] satisfies Place[]) {
  for (const entrant of ENTRANTS[place]) {
    describe(`${entrant.name}, ${place}`, () => {
      for (const dtype of FLOAT_DTYPES) {
        for (const shape of SMALL) {
          const work = makeWorkload(place, dtype, shape);
          if ((UNABLE[dtype] as string[]).includes(entrant.name)) {
            it(`says why it cannot do ${work.id}`, async () => {
              expect(await entrant.create(work)).toEqual({ unable: expect.stringMatching(/\w+ \w+/) });
            });
            continue;
          }
          it(`is right at ${work.id}, also when run again`, async () => {
            const candidate = await entrant.create(work);
            if ('unable' in candidate) throw new Error(candidate.unable);
            for (const count of [1, 3]) {
              await candidate.run(count);
              expect(mistakeIn(await candidate.result(), entrant.does, work)).toBeNull();
            }
            await candidate.dispose();
          });
        }
      }
    });
  }
}
