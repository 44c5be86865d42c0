import type { Case } from '../case/case.ts';
import type { AnySpec, PlannedCall } from '../case/planned-call.ts';
import { type Normalization, normalizationOf, rowOf } from '../expected/normalization.ts';
import { FORMATS } from '../inputs/formats.ts';
import { createRandom } from '../inputs/random.ts';
import { OPERATIONS } from '../operations/all.ts';
import type { PreparedCall } from '../operations/operation-model.ts';
import { layoutFamilyOf } from './layout-families.ts';
import { sizeClassOf } from './size-classes.ts';
import { type PlanSubject, SUBJECTS } from './subjects.ts';

/** What a call has of each factor of its subject's table: one value, several kinds of rows, or none that is listed. */
export interface Facts {
  readonly subject: PlanSubject;
  readonly normalization: Normalization;
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/**
 * What a case covers, from its own data: shape, options and place of its call, and the numbers that it draws. Null for a
 * case that is about no one call.
 */
export function factsOf({ id, call }: Case, seed: number): Facts | null {
  if (!call) return null;
  const subject = SUBJECTS.find(({ name }) => name === call.subject)!;
  const { spec } = call;
  const normalization = normalizationOf(spec.options, spec.shape);
  const prepared = OPERATIONS[subject.op].prepare(spec as never, createRandom(seed, id));
  const of: Record<string, (factor: string) => readonly string[]> = {
    dtype: () => [spec.dtype ?? 'float32'],
    layout: () => listed(layoutFamilyOf(normalization)),
    size: () => listed(sizeClassOf(normalization.size)),
    rows: () => rowKindsIn(subject, call, prepared, normalization),
    place: () => [call.place],
    asked: () => [spec.rstd ? 'rstd' : 'no'],
  };
  const values = subject.factors.map(({ name, values }) => {
    const found = (of[name] ?? (() => listed(optionIn(name, spec, normalization))))(name);
    return [name, name === 'rows' ? found : found.filter((value) => values.includes(value))] as const;
  });
  return { subject, normalization, values: Object.fromEntries(values) };
}

function listed(value: string | null): readonly string[] {
  return value === null ? [] : [value];
}

/** The setting of an option; null for a factor that is not known. */
function optionIn(factor: string, spec: AnySpec, { eps, epsMode, casting }: Normalization): string | null {
  const { scale, partial = 1, weightOffset = 0, normBeforeGate = false } = spec.options;
  const { gamma, beta, dsum, others = 0 } = spec;
  switch (factor) {
    case 'denominator':
      return `${epsMode === 'clamp' ? 'clamp,' : ''}eps=${shownEps(eps)}`;
    case 'scale':
      return scale === undefined ? 'root' : String(scale);
    case 'partial':
      return String(partial);
    case 'gamma':
      return gamma === null ? 'none' : 'given';
    case 'beta':
      return beta == null ? 'none' : 'given';
    case 'offset':
      return String(weightOffset);
    case 'casting':
      return casting;
    case 'order':
      return normBeforeGate ? 'norm-first' : 'gate-first';
    case 'rstd':
      return spec.rstd ? 'given' : 'recomputed';
    case 'dsum':
      return dsum == null ? 'none' : 'given';
    case 'others':
      return String(others);
    case 'quantum':
      return spec.scale === undefined ? 'own' : 'given';
    default:
      return null;
  }
}

function shownEps(eps: number): string {
  return eps !== 0 && eps < 1e-3 ? eps.toExponential() : String(eps);
}

/** By the numbers themselves; `ordinary` where they are of no kind that kernels treat apart. */
function rowKindsIn(
  { operands }: PlanSubject,
  call: PlannedCall,
  prepared: PreparedCall,
  normalization: Normalization,
): readonly string[] {
  const kinds = new Set<string>();
  const least = FORMATS[call.spec.dtype ?? 'float32'].minNormal;
  for (const name of operands) {
    const values = prepared.inputs[name]?.content.values ?? [];
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(values[i]!);
      if (magnitude > 0 && magnitude < least) kinds.add(name === 'x' ? 'subnormal' : 'subnormal-second');
      else if (Number.isNaN(magnitude)) kinds.add('nan');
      else if (magnitude === Number.POSITIVE_INFINITY) kinds.add('infinity');
    }
  }
  const x = prepared.inputs.x!.content.values;
  for (const kind of magnitudesOf(sumsOf(call, prepared, normalization), normalization.size)) kinds.add(kind);
  if (kinds.size === 0 && x.length > 1 && x.every((value) => value === x[0])) kinds.add('constant');
  return kinds.size === 0 ? ['ordinary'] : [...kinds];
}

/** The sums of squares of what is normalized, one for each row. */
function sumsOf({ subject, spec }: PlannedCall, { inputs }: PreparedCall, normalization: Normalization): Float64Array {
  const { outer, groups, inner, size, statSize } = normalization;
  const x = inputs.x!.content.values;
  const residual = inputs.residual?.content.values;
  const gate = subject === 'gatedForward' && !spec.options.normBeforeGate ? inputs.gate!.content.values : undefined;
  const sums = new Float64Array(outer * groups * inner);
  for (let flat = 0; flat < x.length; flat++) {
    if (Math.floor(flat / inner) % size >= statSize) continue;
    const added = x[flat]! + (residual ? residual[flat]! : 0);
    const value = gate ? (added * gate[flat]!) / (1 + Math.exp(-gate[flat]!)) : added;
    sums[rowOf(normalization, flat)]! += value * value;
  }
  return sums;
}

function magnitudesOf(sums: Float64Array, size: number): Set<string> {
  const kinds = new Set<string>();
  for (const sum of sums) {
    if (sum === 0) kinds.add('zeros');
    else if (sum < size * 2 ** -98) kinds.add('small');
    else if (sum > 2 ** 126 && sum < Number.POSITIVE_INFINITY) kinds.add('large');
  }
  return kinds;
}
