import { bytesPerElement } from '@rmsnorm/core';
import type { Capabilities, Dispatch, Operands, Plan, Shader } from '../../plan.ts';
import { type Layout, layoutOf, loopTeam, readingLayoutOf, sectionsIn, twinsOf, unitsOf } from '../planning/layout.ts';
import { type BytesPerSlab, gridOf, partsOf, rangeIn } from '../planning/slabs.ts';
import { rowTeam, type Team } from '../planning/team.ts';
import type { Problem } from '../problem.ts';
import { bindings, bound, type Declared } from '../wgsl/access.ts';
import {
  FORWARD,
  NORM_FIRST,
  type Operation,
  operationBuffers,
  type VariableOf,
  type Weights,
  weightsOf,
} from '../wgsl/fusion.ts';
import { type Extra, type Part, parameters } from '../wgsl/parameters.ts';
import { HIGHEST_OF_SECTION, SECTION_BYTES, SECTIONS } from '../wgsl/sections.ts';
import { SCATTERED, scatteredShader } from './elementwise-shader.ts';
import { loopShader, type Mode } from './loop-shader.ts';
import { residenceOf, residentShader } from './resident-shader.ts';

const NO_WEIGHTS: Weights = { gamma: false, beta: false, llama: false };

/** y of forward, addForward and both orders of gatedForward. */
export function planNormalization(
  p: Problem,
  operation: Operation,
  operands: Operands,
  capabilities: Capabilities,
): Plan {
  return new Normalization(p, operation, operands, capabilities).plan();
}

/** The sums of squares alone. */
export function planSums(p: Problem, operands: Operands, capabilities: Capabilities): Plan {
  return new Normalization(p, FORWARD, operands, capabilities).sums();
}

/** y by sums that are given, over `count` features each. */
export function planGiven(p: Problem & { count: number }, operands: Operands, capabilities: Capabilities): Plan {
  return new Normalization(p, FORWARD, operands, capabilities).given(p.count);
}

/** Of tensors laid out as x, and of those with a number for each row. */
export function bytesPerSlab(p: Problem, tensors: readonly string[], rows: readonly string[] = []): BytesPerSlab {
  const bytes = p.size * p.inner * bytesPerElement(p.dtype);
  return Object.fromEntries([...tensors.map((name) => [name, bytes]), ...rows.map((name) => [name, p.inner * 4])]);
}

/** What is written for each row where another dispatch needs r. */
export const R_BUFFERS: readonly Declared[] = [
  { name: 'r', type: 'array<f32>', write: true },
  { name: 'powers', type: 'array<i32>', write: true },
];

export function readOnly(buffers: readonly Declared[]): Declared[] {
  return buffers.map((buffer) => ({ ...buffer, write: false }));
}

/** One call, and the dispatches that its problem takes. */
export class Normalization {
  readonly #p: Problem;
  readonly #operation: Operation;
  readonly #operands: Operands;
  readonly #capabilities: Capabilities;
  readonly #weights: Weights;
  readonly #variable: VariableOf;
  readonly #perSlab: BytesPerSlab;
  readonly #sections: number;

  constructor(p: Problem, operation: Operation, operands: Operands, capabilities: Capabilities) {
    this.#p = p;
    this.#operation = operation;
    this.#operands = operands;
    this.#capabilities = capabilities;
    this.#weights = weightsOf(p, operands.present);
    this.#variable = (name) => operands.inPlace[name] ?? name;
    this.#sections = sectionsIn(p);
    this.#perSlab = {
      ...bytesPerSlab(p, [...operation.inputs, ...operation.outputs], ['rstd', 'sums', 'r', 'powers']),
      ...(this.#isWide && { sections: this.#sections * SECTION_BYTES }),
    };
  }

  /** What decides how slabs are parted: the buffers that there are. */
  get #parted(): BytesPerSlab {
    const layout = layoutOf(this.#p);
    const scattered = layout === null || (this.#isWide && layout.kind !== 'rows');
    const absent = ['rstd', 'sums'].filter((name) => !this.#operands.present.has(name));
    const unused = [...absent, ...(scattered ? [] : ['r', 'powers'])];
    return Object.fromEntries(Object.entries(this.#perSlab).filter(([name]) => !unused.includes(name)));
  }

  get #isWide(): boolean {
    return this.#sections > 1;
  }

  plan(): Plan {
    const p = this.#p;
    const layout = layoutOf(p);
    const held = layout?.kind === 'pairs' ? twinsOf(layout) : layout;
    const residence = held && residenceOf(held, p, this.#capabilities);
    return this.#each((part) => {
      if (held && residence) return [this.#resident(part, held, residence)];
      if (this.#isWide) return this.#wide(part, layout);
      if (layout) return [this.#loop(part, layout, 'whole')];
      return [this.#loop(part, readingLayoutOf(p), 'statistics'), this.#scattered(part)];
    });
  }

  sums(): Plan {
    const layout = readingLayoutOf(this.#p);
    if (!this.#isWide) return this.#each((part) => [this.#loop(part, layout, 'sums')]);
    return this.#each((part) => [
      this.#loop(part, sectionsOf(layout), 'section'),
      this.#loop(part, layout, 'combined-sums'),
    ]);
  }

  given(count: number): Plan {
    const layout = layoutOf(this.#p);
    const whole = this.#isWide && layout ? (layout.kind === 'rows' ? sectionsOf(layout) : null) : layout;
    return this.#each((part) =>
      whole
        ? [this.#loop(part, whole, 'given', { count })]
        : [this.#loop(part, readingLayoutOf(this.#p), 'given-statistics', { count }), this.#scattered(part)],
    );
  }

  /** The sums of the sections of wide rows, into scratch memory. */
  sections(part: Part): Dispatch {
    return this.#loop(part, sectionsOf(readingLayoutOf(this.#p)), 'section');
  }

  #each(dispatches: (part: Part) => Dispatch[]): Plan {
    const parts = partsOf(this.#p, this.#capabilities, this.#parted);
    const all = parts.flatMap(dispatches);
    const used = new Set(all.flatMap((dispatch) => dispatch.bindings.map(({ buffer }) => buffer)));
    const slabs = this.#p.outer * this.#p.groups;
    const scratch = ['r', 'powers', 'sections']
      .filter((name) => used.has(name))
      .map((name) => ({ name, bytes: slabs * this.#perSlab[name]! }));
    return { scratch, dispatches: all };
  }

  #wide(part: Part, layout: Layout | null): Dispatch[] {
    const reading = readingLayoutOf(this.#p);
    const section = this.#loop(part, sectionsOf(reading), 'section');
    if (layout?.kind === 'rows') return [section, this.#loop(part, sectionsOf(layout), 'combined')];
    return [section, this.#loop(part, reading, 'combined-statistics'), this.#scattered(part)];
  }

  /** The buffers of x and what is laid out as it, where they are bound; then those of the rows. */
  #buffers(layout: Layout, mode: Mode): Declared[] {
    const { access } = layout;
    const whole = operationBuffers(this.#operation, this.#weights, this.#p, access);
    const reading = operationBuffers({ ...statisticOf(this.#operation), outputs: [] }, NO_WEIGHTS, this.#p, access);
    const sums = (write: boolean): Declared => ({ name: 'sums', type: 'array<f32>', write });
    const rstd = this.#operands.present.has('rstd') ? [{ name: 'rstd', type: 'array<f32>', write: true }] : [];
    const buffers: Readonly<Record<Mode, readonly Declared[]>> = {
      whole: [...whole, ...rstd],
      given: [...whole, sums(false)],
      combined: [...whole, ...rstd, SECTIONS],
      sums: [...reading, sums(true)],
      section: [...reading, { ...SECTIONS, write: true }],
      statistics: [...reading, ...rstd, ...R_BUFFERS],
      'given-statistics': [sums(false), ...R_BUFFERS],
      'combined-statistics': [SECTIONS, ...rstd, ...R_BUFFERS],
      'combined-sums': [SECTIONS, sums(true)],
    };
    return bound(buffers[mode], this.#operands);
  }

  #loop(part: Part, layout: Layout, mode: Mode, extra: Extra = {}): Dispatch {
    const p = this.#p;
    const capabilities = this.#capabilities;
    const narrow = mode === 'given-statistics' || mode.startsWith('combined-');
    const team = narrow
      ? rowTeam(1, capabilities)
      : layout.kind === 'sections'
        ? wideTeam(capabilities)
        : loopTeam(layout, p, capabilities);
    const buffers = this.#buffers(layout, mode);
    const shader = loopShader({
      p,
      layout,
      team,
      operation: this.#operation,
      weights: this.#weights,
      rstd: buffers.some(({ name }) => name === 'rstd'),
      mode,
      buffers,
      variable: this.#variable,
    });
    const highest = mode === 'section' ? { highest: HIGHEST_OF_SECTION } : {};
    const rows = part.slabs * p.inner * (layout.kind === 'sections' ? this.#sections : 1);
    return this.#dispatch(part, shader, buffers, Math.ceil(unitsOf(layout, rows) / team.teams), {
      sections: this.#sections,
      ...highest,
      ...extra,
    });
  }

  #resident(part: Part, layout: Layout, residence: NonNullable<ReturnType<typeof residenceOf>>): Dispatch {
    const buffers = this.#buffers(layout, 'whole');
    const shader = residentShader({
      p: this.#p,
      layout,
      residence,
      operation: this.#operation,
      weights: this.#weights,
      rstd: this.#operands.present.has('rstd'),
      buffers,
      variable: this.#variable,
    });
    return this.#dispatch(
      part,
      shader,
      buffers,
      Math.ceil(unitsOf(layout, part.slabs * this.#p.inner) / residence.team.teams),
    );
  }

  #scattered(part: Part): Dispatch {
    const buffers = bound(
      [...operationBuffers(this.#operation, this.#weights, this.#p, 'ragged'), ...readOnly(R_BUFFERS)],
      this.#operands,
    );
    const shader = scatteredShader({
      p: this.#p,
      operation: this.#operation,
      weights: this.#weights,
      buffers,
      variable: this.#variable,
    });
    const elements = part.slabs * this.#p.size * this.#p.inner;
    return this.#dispatch(part, shader, buffers, Math.ceil(elements / (4 * SCATTERED)));
  }

  #dispatch(part: Part, shader: Shader, buffers: readonly Declared[], workgroups: number, extra?: Extra): Dispatch {
    const all = part.slabs === this.#p.outer * this.#p.groups;
    return {
      shader,
      bindings: bindings(buffers, rangeIn(this.#perSlab, part, all)),
      uniforms: parameters(this.#p, part, extra),
      workgroups: gridOf(workgroups, this.#capabilities),
    };
  }
}

/** What the statistic is of: a gate that comes after the norm has no part in it. */
function statisticOf(operation: Operation): Operation {
  return operation === NORM_FIRST ? FORWARD : operation;
}

export function sectionsOf(layout: Layout): Layout {
  return { ...layout, kind: 'sections' };
}

/** As wide as 16 subgroups, whose sums each invocation adds up by itself. */
export function wideTeam({ subgroups }: Capabilities): Team {
  const width = subgroups ? Math.min(256, 16 * subgroups.least) : 256;
  return { kind: 'workgroup', width, teams: 1, subgroup: subgroups ? subgroups.least : 1 };
}
