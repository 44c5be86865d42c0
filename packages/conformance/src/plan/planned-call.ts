import type { FloatDType } from '@rmsnorm/core';
import type { AnySpec, PlannedCall } from '../case/planned-call.ts';
import { countOf, normalizationOf } from '../expected/normalization.ts';
import { type Distribution, gammaOf, normal, repeated } from '../inputs/distributions.ts';
import type { ForwardOptions } from '../operations/forward-spec.ts';
import type { Assignment } from './covering-array.ts';
import { layoutOfFamily } from './layout-families.ts';
import { placeOf } from './place.ts';
import { drawsOf, keepsSubnormals, promisesOf } from './row-kinds.ts';
import type { PlanSubject } from './subjects.ts';

/** The call that a row of the plan stands for. */
export function plannedCall(
  subject: PlanSubject,
  row: Assignment,
  { size, spoiled }: { readonly size: number; readonly spoiled: string },
): PlannedCall {
  const { name, op, operands } = subject;
  const layout = layoutOfFamily(row.layout!, size);
  const dtype = row.dtype as FloatDType;
  const kind = row.rows!;
  const { outer } = normalizationOf(layout.options, layout.shape);
  const occasion = { subject: name, operands, dtype, outer, count: countOf(layout.shape), spoiled };
  const { dsum, ...draws } = drawsOf(kind, occasion);
  const twins = placeOf(row.place!).twinOf;
  const gamma = row.gamma === 'none' || op === 'sumSquares' ? null : undefined;
  const spec = {
    shape: layout.shape,
    options: { ...layout.options, ...optionsOf(row) },
    dtype,
    ...draws,
    ...(gamma === null && { gamma }),
    ...(row.beta === 'given' && { beta: true }),
    ...(keepsSubnormals(kind) && { subnormals: true }),
    ...((row.asked === 'rstd' || row.rstd === 'given') && { rstd: true }),
    ...(row.dsum === 'given' && { dsum: dsum ?? true }),
    ...(row.others !== undefined && { others: Number(row.others) }),
    ...(row.quantum === 'given' && { scale: 1 / 32 }),
    promises: promisesOf(kind, row.denominator),
  };
  return { subject: name, spec: { ...spec, ...sameDraws(spec, twins) } as unknown as AnySpec, place: row.place! };
}

function optionsOf(row: Assignment): Partial<ForwardOptions> {
  const { denominator = 'eps=1e-6', scale = 'root', partial = '1', offset = '0', casting = 'gemma', order } = row;
  const [, clamp, eps] = /^(clamp,)?eps=(.*)$/.exec(denominator)!;
  return {
    ...(clamp && { epsMode: 'clamp' }),
    ...(denominator !== 'eps=1e-6' && { eps: Number(eps) }),
    ...(scale !== 'root' && { scale: Number(scale) }),
    ...(partial !== '1' && { partial: Number(partial) }),
    ...(offset !== '0' && { weightOffset: Number(offset) }),
    ...(casting === 'llama' && { casting }),
    ...(order !== undefined && { normBeforeGate: order === 'norm-first' }),
  };
}

/** For inputs that are one tensor, one distribution that gives the same numbers again. */
function sameDraws(
  spec: Readonly<Record<string, unknown>>,
  twins: Readonly<Record<string, string>>,
): Record<string, Distribution> {
  const shared: Record<string, Distribution> = {};
  for (const [twin, original] of Object.entries(twins)) {
    const drawn = spec[original] as Distribution | undefined;
    shared[original] ??= repeated(drawn ?? (original === 'gamma' ? gammaOf : normal()));
    shared[twin] = shared[original];
  }
  return shared;
}
