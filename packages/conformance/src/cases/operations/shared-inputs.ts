import type { Op } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { withTensors } from '../../case/tensors.ts';
import { cycle } from '../../inputs/distributions.ts';
import { numbersOf, perform, upload } from '../../operations/run-call.ts';
import { SAMPLES } from './samples.ts';

/** The second input of an operation that has one of the shape of x. */
const SECOND: Readonly<Partial<Record<Op, string>>> = { addForward: 'residual', gatedForward: 'gate', backward: 'dy' };

/** One tensor as two inputs: no operation writes to its inputs. */
export const sharedInputCases: readonly Case[] = SAMPLES.filter(({ op }) => SECOND[op] !== undefined).map((sample) => ({
  id: sample.id('shared-inputs'),
  requires: sample.requires,
  async run(subject) {
    const name = SECOND[sample.op]!;
    const { x } = sample.prepare(subject.random).inputs;
    const same = cycle([...x!.content.values]);
    const prepared = sample.prepare(subject.random, { x: same, [name]: same });
    await withTensors(subject.backend, async (tensors) => {
      const inputs = upload(tensors, prepared);
      const results = perform(tensors, prepared, { ...inputs, [name]: inputs.x! });
      prepared.compare(await numbersOf(results), subject.backend.supports);
    });
  },
}));
