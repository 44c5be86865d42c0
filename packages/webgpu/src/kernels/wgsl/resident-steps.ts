import { lines, unrolled } from './template.ts';

/**
 * What an invocation holds of a row from one loop over it to the next: values by name, one for each of its steps. So
 * few steps are unrolled, each with registers of its own; more are an array.
 */
export interface Held {
  readonly width: number;
  readonly steps: number;
  /** How many steps certainly lie within the row. */
  readonly certain: number;
  /** Whether steps are unrolled. */
  readonly registers: boolean;
}

export interface Step {
  /** Its place among the row's steps, as `place(row, j)` takes it. */
  readonly j: string;
  /** Which of the invocation's steps it is. */
  readonly k: string;
  /** What is held under this name. */
  readonly of: (name: string) => string;
}

/** Chains of additions are no longer. */
const BLOCK = 8;

export function declared({ steps, registers }: Held, name: string, type: string): string {
  if (!registers) return `  var ${name}: array<${type}, ${steps}>;`;
  return unrolled(steps, (k) => `  var ${name}${k} = ${type}();`);
}

/** `body` for each step, the row's own only. It may hold no barrier. */
export function eachStep(held: Held, body: (step: Step) => string): string {
  const { width, steps, certain, registers } = held;
  if (!registers) {
    return lines(
      `  for (var k = 0u; k < ${steps}u; k++) {`,
      `    let j = lane() + k * ${width}u;`,
      certain < steps && '    if (j >= steps(row)) { break; }',
      `    ${body(inArray)}`,
      '  }',
    );
  }
  return unrolled(steps, (k) => {
    const statement = body(inRegister(k));
    return `  { let j = lane() + ${k * width}u; ${k < certain ? statement : `if (j < steps(row)) { ${statement} }`} }`;
  });
}

/** `body` for each step, in the row or beyond it: in uniform control flow, so that it may hold barriers. */
export function everyStep({ width, steps, registers }: Held, body: (step: Step) => string): string {
  if (!registers) {
    return `  for (var k = 0u; k < ${steps}u; k++) { let j = lane() + k * ${width}u; ${body(inArray)} }`;
  }
  return unrolled(steps, (k) => `  { let j = lane() + ${k * width}u; ${body(inRegister(k))} }`);
}

/**
 * `NAME`, of type V: a sum over the invocation's steps, of what `fused(block)` adds to `block`. Chains of at most 8; the
 * chains' sums are added with what each addition loses.
 */
export function summed(held: Held, name: string, fused: (step: Step, block: string) => string): string {
  if (held.steps <= BLOCK) {
    return lines(
      `  var ${name} = V();`,
      eachStep(held, (step) => fused(step, name)),
    );
  }
  const flush = `${name}_total = add(${name}_total, block); block = V();`;
  return lines(
    `  var ${name} = V();`,
    '  {',
    `  var ${name}_total = Total(); var block = V();`,
    eachStep(held, (step) => `${fused(step, 'block')} if ((${step.k} & ${BLOCK - 1}u) == ${BLOCK - 1}u) { ${flush} }`),
    `  ${name} = value_of_total(add(${name}_total, block));`,
    '  }',
  );
}

const inArray: Step = { j: 'j', k: 'k', of: (name) => `${name}[k]` };

function inRegister(k: number): Step {
  return { j: 'j', k: `${k}u`, of: (name) => `${name}${k}` };
}
