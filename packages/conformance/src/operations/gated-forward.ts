import { type Accuracy, gatedRmsNorm } from '@rmsnorm/core';
import { describeTolerance, type Tolerance, toleranceOf } from '../expected/bounds.ts';
import { compareRstd } from '../expected/compare-forward.ts';
import { compareResult, type Expected, show } from '../expected/compare-result.ts';
import { exactRstd, type Operands, unitOf } from '../expected/exact-forward.ts';
import { type Distribution, elements, normal } from '../inputs/distributions.ts';
import { FORMATS, ulp } from '../inputs/formats.ts';
import { elementAt, featureOf, roundedTo, rowOf, unrounded } from './expected-forward.ts';
import { type ForwardSpec, inputsOf, rstdShape } from './forward-spec.ts';
import { type Operation, type Prepared, requirementsFor } from './operation-model.ts';
import { normOperands, weightTensors } from './weights.ts';

/** `options.normBeforeGate` says in which order. */
export interface GatedForwardSpec extends ForwardSpec {
  /** Normal with a deviation of 4 unless given. */
  readonly gate?: Distribution;
}

export const GATED_FORWARD: Operation<GatedForwardSpec> = {
  op: 'gatedForward',
  requires: (spec) => requirementsFor('gatedForward', spec),
  prepare(spec, random): Prepared {
    const inputs = inputsOf(spec, random);
    const { shape, options, x, operands } = inputs;
    const { dtype } = x;
    const { normBeforeGate = false } = options;
    const gate = elements(
      dtype,
      (spec.gate ?? normal(4))(random, x.data.length),
      spec.subnormals ? 'subnormal' : 'normal',
    );
    const gating = Float64Array.from(gate.values, silu);
    const normalized = normBeforeGate ? operands : { ...operands, x: gating.map((s, i) => s * x.values[i]!) };
    const terms = { weightOffset: (options.weightOffset ?? 0) !== 0, beta: inputs.beta !== null };
    return {
      inputs: { ...normOperands(inputs), gate: { content: gate, shape } },
      outputs: {
        y: { dtype, shape, inPlace: ['x', 'gate'] },
        ...(spec.rstd && { rstd: { dtype: 'float32', shape: rstdShape(inputs), made: 'asked' } }),
      },
      call({ x, gate, ...rest }, { y, rstd }) {
        const targets = { ...(y && { out: y }), ...(rstd && { rstd }) };
        return { y: gatedRmsNorm(x!, gate!, { ...options, ...weightTensors(rest), ...targets }) };
      },
      compare(results, accuracy, stale, observe) {
        const tolerance = gatedTolerance(accuracy, terms);
        const expect = normBeforeGate ? expectNormBeforeGate : expectGateBeforeNorm;
        compareResult(results.y!, {
          what: 'y',
          shape,
          expected: expect({ ...normalized, gate: gate.values, gating, ungated: x.values }, tolerance),
          bound: describeTolerance(tolerance, dtype),
          about: (flat) =>
            `x = ${x.values[flat]}, gate = ${gate.values[flat]}, silu(gate) = ${show(gating[flat]!)}, ` +
            `row ${rowOf(operands.arrangement, flat)}, feature ${featureOf(operands.arrangement, flat)}`,
          stale,
          lookAt: spec.lookAt,
          observe,
        });
        // What a gate of -Infinity makes of its row is open, its statistic too.
        if (!results.rstd || (!normBeforeGate && gate.values.includes(Number.NEGATIVE_INFINITY))) return;
        compareRstd(
          results.rstd,
          normalized,
          normBeforeGate ? toleranceOf(accuracy, NO_TERMS) : gatedTolerance(accuracy, NO_TERMS),
        );
      },
    };
  },
};

interface GatedOperands extends Operands {
  readonly gate: ArrayLike<number>;
  /** silu(gate). */
  readonly gating: Float64Array;
  /** x as it came, also where the gate comes first. */
  readonly ungated: ArrayLike<number>;
}

const NO_TERMS = { weightOffset: false, beta: false };
const MIN_NORMAL = FORMATS.float32.minNormal;

/** 6 ulp, 'webgpu' 12; as in forward one more with a weightOffset, one more with a beta. 'loose': as forward. */
function gatedTolerance(accuracy: Accuracy, terms: { weightOffset: boolean; beta: boolean }): Tolerance {
  const base = accuracy === 'webgpu' ? 12 : 6;
  return { accuracy, ulps: base + Number(terms.weightOffset) + Number(terms.beta) };
}

/** silu(z) = z / (1 + exp(-z)); -Infinity gives NaN, as z * sigmoid(z) does. */
function silu(z: number): number {
  return z / (1 + Math.exp(-z));
}

/**
 * y = norm(x) * silu(z), in ulp of max(|x * r * w|, |beta|) * |silu(z)|: silu has a relative error and the product
 * passes on that of the norm, which is one of max(|x * r * w|, |beta|).
 */
function expectNormBeforeGate(operands: GatedOperands, tolerance: Tolerance): (flat: number) => Expected | null {
  const { dtype, arrangement, gate, gating } = operands;
  const rstd = exactRstd(operands);
  return (flat) => {
    if (gate[flat] === Number.NEGATIVE_INFINITY) return null;
    const s = gating[flat]!;
    const element = elementAt(operands, rstd, flat);
    const exact = element.y * s;
    const before = unrounded(element, dtype, arrangement.casting, tolerance, s);
    if (before === null || !Number.isFinite(exact)) return before && { exact, ...before };
    const error = lostBySilu(s, element.magnitude) + lost(exact);
    const interval = { low: before.low - error, high: before.high + error };
    const unit = error === 0 ? unitOf(element, dtype, arrangement.casting) : undefined;
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
function expectGateBeforeNorm(operands: GatedOperands, tolerance: Tolerance): (flat: number) => Expected | null {
  const { dtype, arrangement, gating, ungated } = operands;
  const rstd = exactRstd(operands);
  const open = rowsOfUnknownGate(operands);
  return (flat) => {
    const row = rowOf(arrangement, flat);
    if (open.has(row)) return null;
    const element = elementAt(operands, rstd, flat);
    const before = unrounded(element, dtype, arrangement.casting, tolerance);
    if (before === null || !Number.isFinite(element.y)) return before && { exact: element.y, ...before };
    const r = Math.abs(arrangement.alpha * rstd[row]! * element.weight);
    const flushed = lostBySilu(gating[flat]!, ungated[flat]!) + lost(operands.x[flat]!);
    // At a zero denominator r is infinite, and 0 stays 0.
    const error = (flushed && flushed * r) + lost(element.y);
    const interval = { low: before.low - error, high: before.high + error };
    const unit = error === 0 ? unitOf(element, dtype, arrangement.casting) : undefined;
    return { exact: element.y, ...roundedTo(dtype, interval, element.magnitude, tolerance), unit };
  };
}

/** Rows with a gate of -Infinity, whose silu is NaN by its formula and -0 as a limit: the contract says neither. */
function rowsOfUnknownGate({ arrangement, gate }: GatedOperands): ReadonlySet<number> {
  const rows = new Set<number>();
  for (let flat = 0; flat < gate.length; flat++) {
    if (gate[flat] === Number.NEGATIVE_INFINITY) rows.add(rowOf(arrangement, flat));
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
