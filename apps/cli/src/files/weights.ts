import { decode, RMSNormError } from '@rmsnorm/core';
import { bytesPerFileElement, countOf, type FileDType } from './file-dtype.ts';
import { fileError } from './file-error.ts';
import { readExactly } from './read-exactly.ts';
import { floatTensor, listOf, nearest, type SafetensorsTensor } from './safetensors.ts';
import { short } from './safetensors-header.ts';
import { formatOf, openSafetensors, openTensorFile, type TensorFile } from './tensor-file.ts';

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

/** gamma and beta; null where there is none. */
export interface Weights {
  readonly gamma: Float32Array | null;
  readonly beta: Float32Array | null;
}

/**
 * Reads a gamma or beta of any shape with `features` elements, as float32.
 * @throws RMSNormError INVALID_FILE, DTYPE, INVALID_OPTION, SHAPE
 */
export async function readWeights(source: WeightSource, option: string, features: number): Promise<Float32Array> {
  const { path } = source;
  const found = await openTensorFile(path, formatOf(path)!, source.tensor, `${option} ${path}:NAME`);
  try {
    return await readValues(found, `${option} ${path}`, features);
  } finally {
    await found.file.close();
  }
}

/**
 * Reads the state dict of an RMSNorm from a .safetensors file: `weight` and, where there is one, `bias`, after a prefix
 * that names the layer of a model.
 * @throws RMSNormError INVALID_FILE, DTYPE, INVALID_OPTION, SHAPE
 */
export async function readStateDict(path: string, prefix: string, features: number): Promise<StateDictWeights> {
  const { tensors, ...file } = await openSafetensors(path);
  try {
    const values = (tensor: SafetensorsTensor): Promise<Float32Array> => {
      const place = { ...file, ...floatTensor(tensor, path) };
      return readValues(place, `--weights ${path}: '${short(tensor.name)}'`, features);
    };
    const named = (name: string): SafetensorsTensor | undefined => tensors.find((tensor) => tensor.name === name);
    const weight = named(`${prefix}weight`);
    if (!weight) throw noWeight(path, tensors, prefix);
    const bias = named(`${prefix}bias`);
    return { gamma: await values(weight), beta: bias ? await values(bias) : null };
  } finally {
    await file.file.close();
  }
}

type StateDictWeights = Weights & { readonly gamma: Float32Array };

function noWeight(path: string, tensors: readonly SafetensorsTensor[], prefix: string): RMSNormError {
  const wanted = `${prefix}weight`;
  const others = tensors.filter(({ name }) => name.endsWith('weight'));
  const near = listOf(nearest(others.length > 0 ? others : tensors, wanted));
  return new RMSNormError(
    'INVALID_OPTION',
    `--weights ${path} has no tensor '${short(wanted)}': --prefix is what stands before 'weight', with its dot; ` +
      `the nearest: ${near}`,
  );
}

/** Where a tensor is. */
type TensorPlace = Pick<TensorFile, 'path' | 'file' | 'dtype' | 'shape' | 'start'>;

async function readValues(
  { path, file, dtype, shape, start }: TensorPlace,
  who: string,
  features: number,
): Promise<Float32Array> {
  const count = countOf(shape);
  if (count !== features) {
    throw new RMSNormError(
      'SHAPE',
      `${who} has shape [${shape.join(', ')}], ${count} elements; --dim asks for ${features}`,
    );
  }
  const bytes = new Uint8Array(count * bytesPerFileElement(dtype));
  try {
    await readExactly(file, bytes, start, path);
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
  return asFloat32(bytes.buffer, dtype);
}

function asFloat32(buffer: ArrayBuffer, dtype: FileDType): Float32Array {
  switch (dtype) {
    case 'float64':
      return Float32Array.from(new Float64Array(buffer));
    case 'float32':
      return new Float32Array(buffer);
    case 'float16':
    case 'bfloat16':
      return decode(new Uint16Array(buffer), dtype);
    default:
      throw new Error(`no values are known of ${dtype satisfies never}`);
  }
}
