import { RMSNormError } from '@rmsnorm/core';
import { pieceAt } from './extent.ts';
import { fileError } from './file-error.ts';
import { listOf, readable, type SafetensorsTensor } from './safetensors.ts';
import { short } from './safetensors-header.ts';
import { bytesPerStored, castToFloat32, countOf } from './stored-type.ts';
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
  const found = await openTensorFile(path, formatOf(path)!, { tensor: source.tensor, how: `${option} ${path}:NAME` });
  try {
    return await readValues(found, `${option} ${path}`, features);
  } finally {
    await found.source.close();
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
      const place = { ...file, ...readable(tensor, path) };
      return readValues(place, `--weights ${path}: '${short(tensor.name)}'`, features);
    };
    const named = (name: string): SafetensorsTensor | undefined => tensors.find((tensor) => tensor.name === name);
    const weight = named(`${prefix}weight`);
    if (!weight) throw noWeight(path, tensors, prefix);
    const bias = named(`${prefix}bias`);
    return { gamma: await values(weight), beta: bias ? await values(bias) : null };
  } finally {
    await file.source.close();
  }
}

type StateDictWeights = Weights & { readonly gamma: Float32Array };

function noWeight(path: string, tensors: readonly SafetensorsTensor[], prefix: string): RMSNormError {
  const wanted = `${prefix}weight`;
  const others = tensors.filter(({ name }) => name.endsWith('weight'));
  const near = listOf(others.length > 0 ? others : tensors, wanted);
  return new RMSNormError(
    'INVALID_OPTION',
    `--weights ${path} has no tensor '${short(wanted)}': --prefix is what stands before 'weight', with its dot; ` +
      `the nearest: ${near}`,
  );
}

/** Where a tensor is. */
type TensorPlace = Pick<TensorFile, 'path' | 'source' | 'stored' | 'shape' | 'start' | 'end'>;

/** So many elements are read at once, whatever a gamma's size. */
const ELEMENTS_AT_ONCE = 1 << 24;

async function readValues(
  { path, source, stored, shape, start, end }: TensorPlace,
  who: string,
  features: number,
): Promise<Float32Array> {
  const count = countOf(shape);
  if (count !== features) {
    throw new RMSNormError(
      'SHAPE',
      `${who} has shape [${shape.slice(0, 32).join(', ')}], ${count} elements; --dim asks for ${features}`,
    );
  }
  const values = zeros(count, who);
  const size = bytesPerStored(stored);
  const bytes = new Uint8Array(Math.min(count, ELEMENTS_AT_ONCE) * size);
  try {
    for (let at = 0; at < count; at += ELEMENTS_AT_ONCE) {
      const elements = Math.min(ELEMENTS_AT_ONCE, count - at);
      await source.read(pieceAt(start + at * size, elements * size), bytes);
      castToFloat32(bytes.subarray(0, elements * size), stored, false, values.subarray(at, at + elements));
    }
    await source.checkAtEnd(end);
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
  return values;
}

function zeros(count: number, who: string): Float32Array {
  try {
    return new Float32Array(count);
  } catch (cause) {
    throw new RMSNormError('OUT_OF_MEMORY', `${who} has ${count} elements, more than an array holds`, { cause });
  }
}
