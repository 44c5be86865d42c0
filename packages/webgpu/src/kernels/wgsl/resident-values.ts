import type { Residency } from '../planning/residency.ts';
import { CHAIN } from './sums.ts';
import { unrolled, wgsl } from './template.ts';

// What an invocation keeps of a tile from one loop over it to the next: values by name, one for each of its steps. Few
// steps are unrolled, each with a register of its own; more are an array.

/** In the code for a step of the tile, `step`: what of it is kept. */
export interface ResidentStep {
  /** Which of the invocation's own steps it is. */
  readonly slot: string;
  /** The value that is kept under this name. */
  readonly of: (name: string) => string;
}

const IN_ARRAY: ResidentStep = { slot: 'slot', of: (name) => `${name}[slot]` };

function inRegister(slot: number): ResidentStep {
  return { slot: `${slot}u`, of: (name) => `${name}${slot}` };
}

export function declareValues({ steps, unrolled: registers }: Residency, name: string, type: string): string {
  if (!registers) return `var ${name}: array<${type}, ${steps}>;`;
  return unrolled(steps, (slot) => `var ${name}${slot} = ${type}();`);
}

/** `body` for each of the invocation's steps that lie in the tile. It may hold no barrier. */
export function eachStep(residency: Residency, body: (step: ResidentStep) => string): string {
  const { steps, certain } = residency;
  if (!residency.unrolled) {
    return wgsl`
      for (var slot = 0u; slot < ${steps}u; slot++) {
        let step = member() + slot * TEAM_WIDTH;
        ${certain < steps && 'if (step >= steps_of(tile)) { break; }'}
        ${body(IN_ARRAY)}
      }
    `;
  }
  return unrolled(steps, (slot) => {
    const text = body(inRegister(slot));
    return block(slot, slot < certain ? text : guarded(text));
  });
}

/** `body` for each of the invocation's steps, in the tile or beyond it: in uniform control flow, so that it may hold barriers. */
export function everyStep(residency: Residency, body: (step: ResidentStep) => string): string {
  const { steps } = residency;
  if (!residency.unrolled) {
    return wgsl`
      for (var slot = 0u; slot < ${steps}u; slot++) {
        let step = member() + slot * TEAM_WIDTH;
        ${body(IN_ARRAY)}
      }
    `;
  }
  return unrolled(steps, (slot) => block(slot, body(inRegister(slot))));
}

/**
 * `NAME`: the sum over the invocation's steps of what `added(step, block)` adds to `block`. Chains of additions are short;
 * their sums are added with what each addition loses.
 */
export function sumOverSteps(
  residency: Residency,
  name: string,
  added: (step: ResidentStep, block: string) => string,
): string {
  if (residency.steps <= CHAIN) {
    return wgsl`
      var ${name} = Elements();
      ${eachStep(residency, (step) => added(step, name))}
    `;
  }
  const chainEnds = (step: ResidentStep): string => wgsl`
    if ((${step.slot} & ${CHAIN - 1}u) == ${CHAIN - 1}u) { ${name}_total = add(${name}_total, block); block = Elements(); }
  `;
  return wgsl`
    var ${name} = Elements();
    {
      var ${name}_total = Total();
      var block = Elements();
      ${eachStep(
        residency,
        (step) => wgsl`
          ${added(step, 'block')}
          ${chainEnds(step)}
        `,
      )}
      ${name} = value_of_total(add(${name}_total, block));
    }
  `;
}

function guarded(body: string): string {
  return body.includes('\n') ? `if (step < steps_of(tile)) {\n${body}\n}` : `if (step < steps_of(tile)) { ${body} }`;
}

function block(slot: number, body: string): string {
  const step = `let step = member() + ${slot}u * TEAM_WIDTH;`;
  return body.includes('\n') ? `{\n${step}\n${body}\n}` : `{ ${step} ${body} }`;
}
