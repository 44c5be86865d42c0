import { gatedRmsNorm } from '@rmsnorm/core';
import { roundedTo, roundsOnce, unitOf, unrounded } from '../expected/allowed.ts';
import {
  describeTolerance,
  GATED_FORWARD_ULPS,
  leastRelativeBound,
  NO_TERMS,
  type Tolerance,
  toleranceOf,
} from '../expected/bounds.ts';
import { compareRstd } from '../expected/compare-forward.ts';
import { compareResult, type Expected } from '../expected/compare-result.ts';
import { elementAt, exactForward, exactRstd, type ForwardOperands } from '../expected/exact-forward.ts';
import { show } from '../expected/messages.ts';
import { featureOf, rowOf } from '../expected/normalization.ts';
import { type Distribution, normal } from '../inputs/distributions.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { type ForwardSpec, inputsOf, likeX, termsOf } from './forward-spec.ts';
import { normInputs, rstdOutput, weightTensors } from './operands.ts';
import type { Judgement, OperationModel, Results } from './operation-model.ts';
import { gatedSuspects } from './suspects.ts';

/** `options.normBeforeGate` says in which order. */
export interface GatedForwardSpec extends ForwardSpec {
  /** Normal with a deviation of 4 unless given. */
  readonly gate?: Distribution;
}

export const GATED_FORWARD: OperationModel<GatedForwardSpec> = {
  op: 'gatedForward',
  prepare(spec, random) {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, operands } = inputs;
    const { dtype } = x;
    const { normBeforeGate = false } = options;
    const gate = likeX(spec, spec.gate ?? normal(4), random, x.values.length);
    return {
      inputs: { ...normInputs(inputs), gate: { content: gate, shape } },
      outputs: {
        y: { dtype, shape },
        ...rstdOutput(inputs),
      },
      call({ x, gate, ...rest }, { y, rstd }) {
        const targets = { ...(y && { out: y }), ...(rstd && { rstd }) };
        return { y: gatedRmsNorm(x!, gate!, { ...options, ...weightTensors(rest), ...targets }) };
      },
      compare(results, judgement) {
        const gating = new Float64Array(gate.values).map(silu);
        const normalized = normBeforeGate ? operands : { ...operands, x: gating.map((s, i) => s * x.values[i]!) };
        compareGated(
          results,
          { ...normalized, gate: gate.values, gating, ungated: x.values },
          { normBeforeGate, terms: termsOf(inputs), shape, lookAt: spec.lookAt },
          judgement,
        );
      },
    };
  },
};

interface GatedOperands extends ForwardOperands {
  /** What is normalized: x, times silu(gate) where the gate comes first. */
  readonly x: ArrayLike<number>;
  readonly gate: ArrayLike<number>;
  /** silu(gate). */
  readonly gating: Float64Array;
  /** x as it came. */
  readonly ungated: ArrayLike<number>;
}

interface GatedCheck {
  readonly normBeforeGate: boolean;
  readonly terms: ReturnType<typeof termsOf>;
  readonly shape: readonly number[];
  readonly lookAt: string | undefined;
}

const MIN_NORMAL = FORMATS.float32.minNormal;

/** silu(z) = z / (1 + exp(-z)); -Infinity gives NaN, as z * sigmoid(z) does. */
function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}

function compareGated(
  { y, rstd }: Results,
  operands: GatedOperands,
  { normBeforeGate, terms, shape, lookAt }: GatedCheck,
  { accuracy, stale, observe }: Judgement,
): void {
  const { dtype, normalization, gate, gating, ungated } = operands;
  const statistic = exactRstd(operands);
  const tolerance = toleranceOf(accuracy, terms, GATED_FORWARD_ULPS);
  const expect = normBeforeGate ? expectNormBeforeGate : expectGateBeforeNorm;
  const exact = exactForward(operands, statistic);
  compareResult(y!, {
    what: 'y',
    shape,
    dtype,
    suspects: gatedSuspects(operands, { gate, ungated, normBeforeGate }),
    expected: expect(operands, statistic, tolerance),
    quick: roundsOnce(normalization.casting, dtype)
      ? {
          dtype,
          exact: normBeforeGate ? exact.map((value, i) => value * gating[i]!) : exact,
          relative: leastRelativeBound(tolerance, operands.beta),
        }
      : undefined,
    bound: describeTolerance(tolerance, dtype),
    about: (flat) =>
      `x = ${ungated[flat]}, gate = ${gate[flat]}, silu(gate) = ${show(gating[flat]!)}, ` +
      `row ${rowOf(normalization, flat)}, feature ${featureOf(normalization, flat)}`,
    stale,
    lookAt,
    observe,
  });
  // A gate of -Infinity leaves its row open, and the row's statistic too.
  if (!rstd || (!normBeforeGate && rowsOfUnknownGate(operands).size > 0)) return;
  compareRstd(rstd, operands, toleranceOf(accuracy, NO_TERMS, normBeforeGate ? undefined : GATED_FORWARD_ULPS));
}

/**
 * y = norm(x) * silu(z), in ulp of max(|x * r * w|, |beta|) * |silu(z)|: silu has a relative error and the product
 * passes on that of the norm, which is one of max(|x * r * w|, |beta|).
 */
function expectNormBeforeGate(
  operands: GatedOperands,
  rstd: ArrayLike<number>,
  tolerance: Tolerance,
): (flat: number) => Expected | null {
  const { dtype, normalization, gate, gating } = operands;
  const { casting } = normalization;
  return (flat) => {
    if (gate[flat] === Number.NEGATIVE_INFINITY) return null;
    const s = gating[flat]!;
    const element = elementAt(operands, rstd, flat);
    const exact = element.y * s;
    const before = unrounded(element, dtype, casting, tolerance, s);
    if (before === null || !Number.isFinite(exact)) return before && { exact, ...before };
    const error = lostBySilu(s, element.magnitude) + lost(exact);
    const interval = { low: before.low - error, high: before.high + error };
    const unit = error === 0 ? unitOf(element, dtype, casting) : undefined;
    return {
      exact,
      ...roundedTo(dtype, interval, element.magnitude * Math.abs(s), tolerance),
      unit: unit && ulp(FORMATS.float32, element.magnitude * Math.abs(s)),
    };
  };
}

/**
 * y = norm(u), u = x * silu(z), in ulp of max(|u * r * w|, |beta|), as forward's bound. u is not rounded to a 16-bit
 * type.
 */
function expectGateBeforeNorm(
  operands: GatedOperands,
  rstd: ArrayLike<number>,
  tolerance: Tolerance,
): (flat: number) => Expected | null {
  const { dtype, normalization, gating, ungated } = operands;
  const { casting } = normalization;
  const open = rowsOfUnknownGate(operands);
  return (flat) => {
    const row = rowOf(normalization, flat);
    if (open.has(row)) return null;
    const element = elementAt(operands, rstd, flat);
    const before = unrounded(element, dtype, casting, tolerance);
    if (before === null || !Number.isFinite(element.y)) return before && { exact: element.y, ...before };
    const r = Math.abs(normalization.alpha * rstd[row]! * element.weight);
    const flushed = lostBySilu(gating[flat]!, ungated[flat]!) + lost(operands.x[flat]!);
    // At a zero denominator r is infinite, and 0 stays 0.
    const error = (flushed && flushed * r) + lost(element.y);
    const interval = { low: before.low - error, high: before.high + error };
    const unit = error === 0 ? unitOf(element, dtype, casting) : undefined;
    return { exact: element.y, ...roundedTo(dtype, interval, element.magnitude, tolerance), unit };
  };
}

/** Rows with a gate of -Infinity, whose silu is NaN by its formula and -0 as a limit: the contract says neither. */
function rowsOfUnknownGate({ normalization, gate }: GatedOperands): ReadonlySet<number> {
  const rows = new Set<number>();
  for (let flat = 0; flat < gate.length; flat++) {
    if (gate[flat] === Number.NEGATIVE_INFINITY) rows.add(rowOf(normalization, flat));
  }
  return rows;
}

/** A silu below the normal range of float32 may be flushed to zero, and what it multiplies with it. */
function lostBySilu(s: number, factor: number): number {
  return s !== 0 && Math.abs(s) < MIN_NORMAL ? MIN_NORMAL * Math.abs(factor) : 0;
}

function lost(value: number): number {
  return value !== 0 && Math.abs(value) < MIN_NORMAL ? MIN_NORMAL : 0;
}
