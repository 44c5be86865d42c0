import { show } from '@rmsnorm/core';
import { unreachable } from '../unreachable.ts';
import type { RecordedCall } from './recording.ts';

/** A call of the driver as one that an application may write, on a tensor of the same layout. */
export function callCode(call: RecordedCall): string {
  const { op, problem } = call;
  const { outer, groups, size, inner } = problem;
  const features = groups * size;
  const shape = inner === 1 ? [outer, features] : [outer, features, inner];
  const tensor = `of shape [${shape.join(', ')}]`;
  switch (op) {
    case 'forward':
      return `rmsNorm(x, ${optionsOf(call, { y: 'out' })}), x ${tensor}`;
    case 'addForward':
      return `addRmsNorm(x, residual, ${optionsOf(call, {})}), x ${tensor}`;
    case 'gatedForward':
      return `gatedRmsNorm(x, gate, ${optionsOf(call, { y: 'out' })}), x ${tensor}`;
    case 'backward':
      return `rmsNormBackward(x, dy, ${optionsOf(call, {})}), x ${tensor}`;
    case 'sumSquares':
      return `sumSquares(x, ${optionsOf(call, {})}), x ${tensor}`;
    case 'scaleBy':
      return `scaleBy(x, sums, ${show((problem as { count?: unknown }).count)}, ${optionsOf(call, { y: 'out' })}), x ${tensor}`;
    case 'forwardQuantized':
      return `rmsNormQuantized(x, ${optionsOf(call, {})}), x ${tensor}`;
    case 'hostForward':
      return `await new RMSNorm(${optionsOf(call, {})}).apply(x, backend), x ${tensor}`;
    default:
      return unreachable(op);
  }
}

/** The call as the driver gets it. */
export function driverCode({ op, problem, operands }: RecordedCall): string {
  const fields = Object.entries(problem).map(([name, value]) => `${name}: ${show(value)}`);
  return `driver.${op}({ ${fields.join(', ')} }, { ${operands.map(({ name }) => name).join(', ')} })`;
}

/** The options that are not those by default; an output that is an input is given as such. */
function optionsOf({ problem, operands }: RecordedCall, targets: Readonly<Record<string, string>>): string {
  const { groups, size, inner, statSize, eps, epsMode, alpha, weightOffset, casting } = problem;
  const { normBeforeGate, scale } = problem as { normBeforeGate?: boolean; scale?: number | null };
  const given = (name: string): boolean => operands.some((operand) => operand.name === name);
  const options: (string | false)[] = [
    `dim: ${groups * size}`,
    inner === 1 && 'axis: -1',
    groups > 1 && `groups: ${groups}`,
    statSize < size && `partial: ${statSize} / ${size}`,
    eps !== 1e-6 && `eps: ${eps}`,
    epsMode !== 'add' && `epsMode: '${epsMode}'`,
    alpha !== 1 && `scale: ${alpha} * Math.sqrt(${size})`,
    weightOffset !== 0 && `weightOffset: ${weightOffset}`,
    casting !== 'gemma' && `casting: '${casting}'`,
    normBeforeGate === true && 'normBeforeGate: true',
    scale !== null && scale !== undefined && `quantScale: ${scale}`,
    ...['gamma', 'beta', 'rstd', 'dsum'].map((name) => given(name) && name),
    ...operands.map(({ name, role, is }) => role === 'output' && is !== undefined && aliased(name, is, targets)),
  ];
  return `{ ${options.filter((option) => option !== false).join(', ')} }`;
}

function aliased(name: string, is: string, targets: Readonly<Record<string, string>>): string {
  const target = targets[name];
  return target === undefined ? `out: { ${name}: ${is} }` : `${target}: ${is}`;
}
