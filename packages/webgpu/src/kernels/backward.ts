import type { Problem } from '@rmsnorm/core';
import type { Capabilities, Dispatch, Operands, Plan } from '../dispatch.ts';
import { bindings, bound, type Declared, elementType, LANES } from './buffers.ts';
import { type GradientKernel, type GradientTeam, gradientShader, gradientTeamOf } from './gradient-kernel.ts';
import { type Layout, layoutOf } from './layout.ts';
import { bytesPerSlab } from './normalization.ts';
import { type Part, parameters } from './parameters.ts';
import { gridOf, partsOf, rangeIn } from './parts.ts';
import { planScatteredGradient } from './scattered-gradient.ts';
import { weightTotals } from './weight-totals.ts';

// With s = rstd, n = x * s and g = dy * w:
//
//     dx = alpha * s * (g - n * mean(g n)) + dsum       the mean over statSize, and n within the statistic alone
//     dgamma = sum over rows of dy * alpha * n          dbeta = sum over rows of dy
//
// Neither x^2 nor g x nor s^3 needs to fit into float32. A workgroup goes from row to row and sums up dgamma and dbeta
// on its way; another dispatch adds up what the workgroups have, in an order that depends on the shape alone.

/** Rows of a team at least, where there are as many: what it sums up is written once for all of them. */
const ROWS = 4;
/** Workgroups that keep a device busy. */
const BUSY = 1024;

export function planBackward(p: Problem, operands: Operands, capabilities: Capabilities): Plan {
  const layout = layoutOf(p);
  const team = layout && gradientTeamOf(p, layout, capabilities);
  if (!layout || !team) return planScatteredGradient(p, operands, capabilities);

  const perSlab = bytesPerSlab(p, ['x', 'dy', 'dsum', 'dx'], ['rstd']);
  const parts = partsOf(p, capabilities, perSlab);
  const sums = ['dgamma', 'dbeta'].filter((name) => operands.present.has(name));
  const kernel = kernelOf(p, layout, team, operands);
  const shader = gradientShader(kernel);
  const split = chunksOf(p, layout, team, parts[0]!);
  const dispatches = parts.map(
    (part, index): Dispatch => ({
      shader,
      bindings: bindings(kernel.buffers, rangeIn(perSlab, part, parts.length === 1)),
      uniforms: parameters({ ...p, alpha: 1 }, part, { ...split, alpha: p.alpha, firstChunk: index * split.chunks }),
      workgroups: gridOf(split.chunks * p.groups, capabilities),
    }),
  );
  if (sums.length === 0) return { scratch: [], dispatches };
  const chunks = parts.length * split.chunks;
  return {
    scratch: [{ name: 'weight_sums', bytes: chunks * sums.length * p.groups * p.size * 4 }],
    dispatches: [...dispatches, weightTotals(p, sums, chunks, capabilities)],
  };
}

function kernelOf(p: Problem, layout: Layout, team: GradientTeam, operands: Operands): GradientKernel {
  const has = (name: string): boolean => operands.present.has(name);
  const type = elementType(p.dtype, layout.access);
  const quads = layout.kind !== 'columns' && layout.access === 'quad';
  const numbers = (name: string, write: boolean): Declared => ({
    name,
    type: quads ? 'array<vec4f>' : 'array<f32>',
    write,
  });
  const buffers = bound(
    [
      ...['x', 'dy', ...(has('dsum') ? ['dsum'] : [])].map((name) => ({ name, type, write: false })),
      { name: 'dx', type, write: true },
      ...(has('gamma') ? [numbers('gamma', false)] : []),
      ...(has('rstd') ? [{ name: 'rstd', type: 'array<f32>', write: false }] : []),
      ...(has('dgamma') || has('dbeta') ? [numbers('weight_sums', true)] : []),
    ],
    operands,
  );
  return {
    ...team,
    p,
    layout,
    buffers,
    gamma: has('gamma'),
    given: has('rstd'),
    dsum: has('dsum'),
    dgamma: has('dgamma'),
    dbeta: has('dbeta'),
    target: operands.inPlace.dx ?? 'dx',
  };
}

/** How many `chunks` each group of features has, and how many units of each are a team's. */
function chunksOf(
  { groups, inner }: Problem,
  { kind, access }: Layout,
  { team }: GradientTeam,
  { slabs }: Part,
): { chunks: number; chunk: number } {
  const units = Math.ceil(slabs / groups) * (kind === 'columns' ? inner / LANES[access] : 1);
  const most = Math.max(1, Math.ceil(BUSY / groups));
  const wanted = Math.min(most, Math.ceil(units / (team.teams * ROWS)));
  const chunk = Math.ceil(units / (team.teams * wanted));
  return { chunk, chunks: Math.ceil(units / (team.teams * chunk)) };
}
