/*
 * The folder `operations/`: one file for each operation, which checks a call's tensors against the table OPERATIONS
 * (forward's checks are written out), allocates the results and calls the driver. It imports from values/, driver/,
 * options/ and backend/.
 */

import type { Tensor } from '../backend/backend.ts';
import { type BackendInternals, isTensor } from '../backend/internals.ts';
import { isEmpty, type Problem } from '../driver/problem.ts';
import { checkedKeys, type Form, keysOf } from '../values/keys.ts';
import { bufferFor, refuseSame } from './buffer-for.ts';
import type { WeightBuffers } from './weights.ts';

/** Where forward writes: tensors that are there already, so that nothing is allocated. */
export interface ForwardTargets {
  /** Shape and dtype of x; may be x itself. */
  readonly out?: Tensor | undefined;
  /** float32, [outer, groups, inner]: receives r / alpha. */
  readonly rstd?: Tensor | undefined;
}

const KEYS = keysOf<ForwardTargets>({ out: true, rstd: true });

export const FORWARD_TARGETS: Form = {
  name: "forward's targets",
  keys: KEYS,
  tensor: '{ out: tensor }',
  copy: ({ out, rstd }: ForwardTargets): ForwardTargets => ({ out, rstd }),
};
export const GATED_TARGETS: Form = { ...FORWARD_TARGETS, name: "gatedForward's targets" };

/**
 * `forward(x, out)` is short for `forward(x, { out })`.
 * @throws RMSNormError INVALID_OPTION
 */
export function forwardTargets(target: Tensor | ForwardTargets | undefined, form: Form): ForwardTargets {
  return isTensor(target) ? { out: target, rstd: undefined } : checkedKeys(target, form);
}

/**
 * forward of a supported problem. It makes the checks of CheckedOperands inline: the linked list there would cost a small
 * forward more than the kernel does.
 * @throws RMSNormError as CheckedOperands, and what the driver throws
 */
export function runForward<B, X extends Tensor>(
  internals: BackendInternals<B>,
  problem: Problem,
  x: X,
  { gamma, beta }: WeightBuffers<B>,
  { out, rstd }: ForwardTargets,
): X {
  const source = bufferFor(internals, x, 'x', x.shape, problem.dtype);
  const statistic = rstd !== undefined ? rstdBuffer(internals, problem, rstd, source, gamma, beta) : null;
  const y = out !== undefined ? out : internals.allocate(x.shape, problem.dtype);
  try {
    const target = bufferFor(internals, y, 'out', x.shape, problem.dtype);
    refuseSame('out', target, 'gamma', gamma);
    refuseSame('out', target, 'beta', beta);
    refuseSame('out', target, 'rstd', statistic);
    if (!isEmpty(problem)) internals.driver.forward(problem, { x: source, gamma, beta, y: target, rstd: statistic });
    return y as X;
  } catch (error) {
    if (out === undefined) y.dispose();
    throw error;
  }
}

/** A function of its own, so that engines inline the rest of a forward. */
function rstdBuffer<B>(
  internals: BackendInternals<B>,
  { outer, groups, inner }: Problem,
  rstd: Tensor,
  x: B,
  gamma: B | null,
  beta: B | null,
): B {
  const buffer = bufferFor(internals, rstd, 'rstd', [outer, groups, inner], 'float32');
  refuseSame('rstd', buffer, 'x', x);
  refuseSame('rstd', buffer, 'gamma', gamma);
  refuseSame('rstd', buffer, 'beta', beta);
  return buffer;
}
