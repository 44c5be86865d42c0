import type { Case } from '../../../case/case.ts';
import { withTensors } from '../../../case/tensors.ts';
import { compareBits } from '../../../expected/compare-bits.ts';
import type { Named } from '../../../operations/operation-model.ts';
import { mapped, numbersOf, outcomeOf, perform, upload } from '../../../operations/run-call.ts';
import { unreachable } from '../../../unreachable.ts';
import { SAMPLES, type Sample } from '../samples.ts';
import { unchanged } from './targets.ts';

/** Every way to let outputs be inputs. Results are right and, where that is promised, have the bits of results apart. */
export const inPlaceCases: readonly Case[] = SAMPLES.flatMap((sample): Case[] =>
  placementsOf(sample).map((placement) => ({
    id: sample.id('in-place', placement),
    requires: sample.requires,
    async run(subject) {
      const prepared = sample.prepare(subject.random);
      const apart = await outcomeOf(subject, prepared);
      await withTensors(subject.backend, async (tensors) => {
        const inputs = upload(tensors, prepared);
        const targets = mapped(placement, (input) => inputs[input]!);
        const results = await numbersOf(perform(tensors, prepared, inputs, targets));
        prepared.compare(results, subject.backend.supports);
        const overwritten = Object.values(placement);
        const kept = Object.entries(inputs).filter(([input]) => !overwritten.includes(input));
        await unchanged(prepared, Object.fromEntries(kept));
        if (!subject.backend.supports.promises.includes('invariance')) return;
        for (const [name, values] of Object.entries(results)) {
          compareBits(
            values,
            apart[name]!,
            prepared.outputs[name]!.dtype,
            `${name} in place against memory of its own`,
          );
        }
      });
    },
  })),
);

/** Which input each output takes the memory of: all that the contract allows. */
function placementsOf({ op }: Sample): readonly Named<string>[] {
  switch (op) {
    case 'addForward':
      return [
        { y: 'x' },
        { y: 'residual' },
        { sum: 'x' },
        { sum: 'residual' },
        { y: 'x', sum: 'residual' },
        { y: 'residual', sum: 'x' },
      ];
    case 'gatedForward':
      return [{ y: 'x' }, { y: 'gate' }];
    case 'backward':
      return [{ dx: 'x' }, { dx: 'dy' }];
    case 'scaleBy':
      return [{ y: 'x' }];
    case 'forward':
    case 'sumSquares':
    case 'forwardQuantized':
      return [];
    default:
      return unreachable(op);
  }
}
