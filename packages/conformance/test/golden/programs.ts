import { type GoldenSpec, goldenInputs } from '../../src/golden/specs.ts';
import type { OnnxDType } from './norm-model.ts';
import { runOnnx } from './onnxruntime.ts';
import { runTfjs } from './tfjs.ts';

/** ORT's own operator stands in every opset; opset 23 is the first with ONNX's. */
const OPSET = { RMSNormalization: 23, SimplifiedLayerNormalization: 17 } as const;

/** Runs the program of `spec` on its inputs. */
export async function runProgram(spec: GoldenSpec): Promise<Float32Array | Uint16Array> {
  const { program, dtype, shape, axis, axes, eps } = spec;
  const { x, gamma } = goldenInputs(spec);
  if (program === 'tfjs') {
    const together = Array.from({ length: axes }, (_, i) => axis + i);
    return runTfjs({ shape, axes: together, epsilon: eps }, x.values, gamma.values);
  }
  const norm = { op: program, opset: OPSET[program], dtype: dtype as OnnxDType, shape, axis, epsilon: eps };
  return runOnnx(norm, x.values, gamma.values);
}
