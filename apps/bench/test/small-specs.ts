import { specId } from '../src/families/specs.ts';
import { channelsFirst, grouped, rows } from '../src/shapes.ts';
import type { BenchOp, PeerTarget, Place, Spec } from '../src/spec.ts';

/** Inputs small enough for tests: every operation, place and kind of layout once. */
export function smallSpecs(target: PeerTarget): Spec[] {
  const places: Place[] = target.endsWith('-webgpu') ? ['resident'] : ['resident', 'end-to-end'];
  return places.flatMap((place) =>
    [
      { op: 'forward', shape: rows(3, 64) },
      { op: 'forward', shape: channelsFirst([2, 24, 3, 4]) },
      { op: 'forward', shape: grouped(5, 48, 4) },
      { op: 'addForward', shape: rows(6, 32) },
      { op: 'gatedForward', shape: grouped(4, 64, 2) },
      { op: 'backward', shape: rows(5, 64) },
      { op: 'backward', shape: channelsFirst([2, 24, 4, 4]) },
      { op: 'backward', shape: grouped(4, 48, 3) },
      { op: 'forwardQuantized', shape: rows(4, 32) },
      { op: 'forwardQuantized', shape: grouped(4, 48, 3) },
      { op: 'forwardQuantized', shape: channelsFirst([2, 24, 4, 4]) },
    ].map(({ op, shape }) =>
      smallSpec({ target, family: 'small', place, op: op as BenchOp, dtype: 'float32', shape, threads: 1 }),
    ),
  );
}

export function smallSpec(spec: Omit<Spec, 'id'>): Spec {
  const { target, place, dtype, shape, op } = spec;
  return { ...spec, id: specId(target, op, place, dtype, shape) };
}

/** Peers without int8: of ONNX Runtime its GPU buffers. */
export function unableAnywhere(name: string, op: string): boolean {
  return op === 'forwardQuantized' && /^(onnxruntime-webgpu|tfjs|jax)/.test(name);
}
