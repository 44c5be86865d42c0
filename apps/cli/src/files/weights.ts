import { decode, type FloatDType, RMSNormError } from '@rmsnorm/core';
import { bytesPerFileElement, countOf } from './file-dtype.ts';
import { fileError } from './file-error.ts';
import { readExactly } from './read-exactly.ts';
import { formatOf, openTensorFile } from './tensor-file.ts';

/** What `--gamma` and `--beta` take: a file, and which tensor of it. */
export interface WeightSource {
  readonly path: string;
  readonly tensor: string | undefined;
}

/** Reads `FILE` or `FILE:NAME`; null where FILE is neither .npy nor .safetensors. */
export function parseWeightSource(text: string): WeightSource | null {
  if (formatOf(text) !== null) return { path: text, tensor: undefined };
  const named = /^(.*\.safetensors):(.+)$/is.exec(text);
  return named ? { path: named[1]!, tensor: named[2] } : null;
}

/**
 * Reads a gamma or beta of any shape with `features` elements, as float32.
 * @throws RMSNormError INVALID_FILE, DTYPE, INVALID_OPTION, SHAPE
 */
export async function readWeights(source: WeightSource, option: string, features: number): Promise<Float32Array> {
  const { path } = source;
  const found = await openTensorFile(path, formatOf(path)!, source.tensor, `${option} ${path}:NAME`);
  try {
    const count = countOf(found.shape);
    if (count !== features) {
      throw new RMSNormError(
        'SHAPE',
        `${option} ${path} has shape [${found.shape.join(', ')}], ${count} elements; --dim asks for ${features}`,
      );
    }
    const bytes = new Uint8Array(count * bytesPerFileElement(found.dtype));
    await readExactly(found.file, bytes, found.start, path);
    if (found.dtype === 'float64') return Float32Array.from(new Float64Array(bytes.buffer));
    return asFloat32(bytes.buffer, found.dtype);
  } catch (error) {
    throw fileError(error, `read ${path}`);
  } finally {
    await found.file.close();
  }
}

function asFloat32(buffer: ArrayBuffer, dtype: FloatDType): Float32Array {
  return dtype === 'float32' ? new Float32Array(buffer) : decode(new Uint16Array(buffer), dtype);
}
