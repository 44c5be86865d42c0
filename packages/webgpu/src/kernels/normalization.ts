import { bytesPerElement, type Problem } from '@rmsnorm/core';
import type { Capabilities, Dispatch, Operands, Plan, Shader } from '../dispatch.ts';
import { bindings, bound, type Declared } from './buffers.ts';
import { type Layout, layoutOf, loopTeam, unitsOf } from './layout.ts';
import { loopShader } from './loop-kernel.ts';
import { type Operation, operationBuffers, weightsOf } from './operation.ts';
import { parameters } from './parameters.ts';
import { type BytesPerSlab, gridOf, partsOf, rangeIn } from './parts.ts';
import { residenceOf, residentShader } from './resident-kernel.ts';

import type { Team } from './team.ts';

/** From so many features on a row is split over workgroups. */
export const WIDE = 65536;

/** y of forward, addForward and both orders of gatedForward. */
export function planNormalization(
  p: Problem,
  operation: Operation,
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  const layout = layoutOf(p);
  if (!layout) throw new Error('not yet');
  const rstd = operands.present.has('rstd');
  const weights = weightsOf(p, operands.present);
  const buffers = bound(
    [
      ...operationBuffers(operation, weights, p, layout.access),
      ...(rstd ? [{ name: 'rstd', type: 'array<f32>', write: true }] : []),
    ],
    operands,
  );
  const variable = (name: string): string => operands.inPlace[name] ?? name;
  const residence = layout.kind === 'rows' ? residenceOf(p.size, capabilities) : null;
  const team = residence?.team ?? loopTeam(layout, p, capabilities);
  const shared = { p, layout, operation, weights, rstd, buffers, variable };
  const shader = residence ? residentShader({ ...shared, residence }) : loopShader({ ...shared, team, mode: 'whole' });
  return { scratch: [], dispatches: dispatchesOf(p, { shader, buffers, layout, team }, operation, capabilities) };
}

interface Kernel {
  readonly shader: Shader;
  readonly buffers: readonly Declared[];
  readonly layout: Layout;
  readonly team: Team;
}

function dispatchesOf(p: Problem, kernel: Kernel, operation: Operation, capabilities: Capabilities): Dispatch[] {
  const { shader, buffers, layout, team } = kernel;
  const perSlab = bytesPerSlab(p, [...operation.inputs, ...operation.outputs]);
  const parts = partsOf(p, capabilities, perSlab);
  return parts.map((part) => ({
    shader,
    bindings: bindings(buffers, rangeIn(perSlab, part, parts.length === 1)),
    uniforms: parameters(p, part),
    workgroups: gridOf(Math.ceil(unitsOf(layout, part.slabs * p.inner) / team.teams), capabilities),
  }));
}

/** Of tensors laid out as x, and of those with a number for each row. */
export function bytesPerSlab(p: Problem, tensors: readonly string[], rows: readonly string[] = ['rstd']): BytesPerSlab {
  const bytes = p.size * p.inner * bytesPerElement(p.dtype);
  return Object.fromEntries([...tensors.map((name) => [name, bytes]), ...rows.map((name) => [name, p.inner * 4])]);
}
