import type { Tensor } from '../backend.ts';
import { Call } from '../call.ts';
import type { Engine } from '../engine.ts';
import { RMSNormError } from '../errors.ts';
import { isEmpty } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { WeightBuffers } from '../weights.ts';

export interface QuantizedTargets {
  /** One scale for everything; without it each (outer, inner) gets its own. */
  readonly scale?: number | null | undefined;
  /** `q`: int8, shaped as x. `scales`: float32, [outer, inner]. */
  readonly out?: { readonly q?: Tensor | undefined; readonly scales?: Tensor | undefined } | undefined;
}

export interface QuantizedResult {
  /** int8, shaped as x: y is about q * scale. */
  readonly q: Tensor;
  /** float32, [outer, inner]. */
  readonly scales: Tensor;
}

/** forwardQuantized of a planned problem. @throws RMSNormError INVALID_OPTION, as Call's methods, and the driver's */
export function runForwardQuantized<B>(
  engine: Engine<B>,
  p: Problem,
  x: Tensor,
  { gamma, beta }: WeightBuffers<B>,
  { scale = null, out }: QuantizedTargets,
): QuantizedResult {
  if (scale !== null && !(Number.isFinite(scale) && Number.isFinite(Math.fround(scale)) && Math.fround(scale) > 0)) {
    throw new RMSNormError('INVALID_OPTION', `scale must be above 0 and finite in float32, got ${scale}`);
  }
  const call = new Call(engine);
  try {
    const source = call.input('x', x, x.shape, p.dtype);
    call.checked('gamma', gamma);
    call.checked('beta', beta);
    const q = call.output('q', out?.q, x.shape, 'int8');
    const scales = call.output('scales', out?.scales, [p.outer, p.inner], 'float32');
    if (!isEmpty(p)) {
      const io = { x: source, gamma, beta, q: q.buffer, scales: scales.buffer };
      engine.driver.forwardQuantized!({ ...p, scale }, io);
    }
    return { q: q.tensor, scales: scales.tensor };
  } catch (error) {
    throw call.undo(error);
  }
}
