import { type Case, NotApplicable } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { compareBits } from '../../expected/compare-bits.ts';
import { cycle } from '../../inputs/distributions.ts';
import { FORMATS, round, ulp } from '../../inputs/formats.ts';
import { forward } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf, requirementsOf } from '../../operations/forward-spec.ts';

/** Numbers at and beside ties, where a carry moves the exponent, and at both ends of the range. */
function boundaries(dtype: 'float16' | 'bfloat16'): number[] {
  const format = FORMATS[dtype];
  const step = 2 ** -format.fractionBits;
  const ties = [0.5, 1.5, 2.5, 3.5].map((steps) => 1 + steps * step);
  const besides = ties.flatMap((tie) => [tie, tie + ulp(FORMATS.float32, tie), tie - ulp(FORMATS.float32, tie)]);
  const carries = [2 - step / 2, 2 - step / 4];
  const largest = [format.max, format.max * (1 + step / 4.01), format.max + ulp(format, format.max) / 2];
  const halves = dtype === 'float16' ? [0.75, 1.5, 2.5, 1023.5].map((steps) => steps * 2 ** -24) : [];
  const subnormals = halves.flatMap((half) => [half, half * (1 + 2 ** -20), half * (1 - 2 ** -20)]);
  const magnitudes = [...besides, ...carries, ...largest, ...subnormals].map(Math.fround);
  // Large and small numbers in turn: in a pair, the one must not spoil the other.
  return magnitudes.flatMap((value) => [value, -1.25, -value]);
}

/**
 * Where x is 0, y is beta: exact in float32, so that nothing but the rounding to 16 bits is left. The bound of other
 * cases cannot see how ties are rounded, as it always reaches both neighbours of one.
 */
export const roundingCases: readonly Case[] = (['float16', 'bfloat16'] as const).flatMap((dtype) =>
  [{ inner: 1 }, { inner: 3 }].map(({ inner }) => {
    const betas = boundaries(dtype);
    const spec: ForwardSpec = {
      dtype,
      shape: inner === 1 ? [2, betas.length] : [2, betas.length, inner],
      options: { dim: betas.length },
      x: cycle([0]),
      gamma: null,
      beta: cycle(betas),
    };
    return {
      id: caseId('forward/rounding', { dtype, y: 'beta', inner }),
      requires: requirementsOf(spec),
      async run(subject) {
        if (subject.backend.supports.accuracy === 'loose') throw new NotApplicable("'loose' rounds as it likes");
        const inputs = inputsOf(spec, subject.random);
        const { values } = await forward(subject, inputs);
        const expected = values.map((_, i) => round(FORMATS[dtype], betas[Math.floor(i / inner) % betas.length]!));
        compareBits(values, expected, dtype, 'rows of zeros: y is beta, rounded once to nearest, ties to even');
      },
    };
  }),
);
