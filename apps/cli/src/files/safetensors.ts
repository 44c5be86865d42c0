import { type FloatDType, RMSNormError } from '@rmsnorm/core';
import { beginningOf, isText } from './beginning.ts';
import { type HeaderTensor, parseSafetensorsHeader, short } from './safetensors-header.ts';
import { bytesPerStored, countOf, isFloatDType, type StoredType } from './stored-type.ts';

/*
 * The .safetensors format, https://huggingface.co/docs/safetensors: 8 bytes with the length of the header
 * (little endian), the header in JSON, and the tensors' bytes without a gap between them.
 */
const SAFETENSORS_START_BYTES = 8;

const OPENING_BRACE = 0x7b;

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const TYPES: Readonly<Record<string, StoredType>> = {
  ...{ F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16', BOOL: 'bool' },
  ...{ I8: 'int8', I16: 'int16', I32: 'int32', I64: 'int64', U8: 'uint8', U16: 'uint16', U32: 'uint32', U64: 'uint64' },
};

const NAMES: Readonly<Record<FloatDType, string>> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/**
 * Bits of an element. A dtype that is not named here is newer than this table: its tensors are carried over unchecked.
 */
const BITS: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

export type SafetensorsTensor = HeaderTensor;

/** A tensor whose elements can be read. */
export interface ReadableTensor extends Omit<SafetensorsTensor, 'dtype'> {
  readonly stored: StoredType;
}

/**
 * How many bytes stand before the tensors.
 * @param start the first bytes of the file: {@link SAFETENSORS_START_BYTES}, better some more
 * @throws RMSNormError INVALID_FILE
 */
export function safetensorsPrefixBytes(start: Uint8Array, fileBytes: number, name: string): number {
  // The length of a header ends in zeros, and text has none.
  if (isText(start.subarray(0, SAFETENSORS_START_BYTES)) || isNpy(start)) {
    throw invalid(name, `is not a .safetensors file: it begins with ${beginningOf(start)}`);
  }
  if (fileBytes < SAFETENSORS_START_BYTES) {
    throw invalid(name, `is truncated: ${fileBytes} bytes, a .safetensors file has at least 10`);
  }
  const headerBytes = Buffer.from(start).readBigUInt64LE(0);
  if (headerBytes > MAX_HEADER_BYTES) {
    const problem = `claims a header of ${headerBytes} bytes; the format allows ${MAX_HEADER_BYTES}`;
    throw invalid(name, `${problem}. It begins with ${beginningOf(start)}`);
  }
  const end = SAFETENSORS_START_BYTES + Number(headerBytes);
  if (end > fileBytes) throw invalid(name, `is truncated: the header ends at byte ${end}, the file at ${fileBytes}`);
  // A sparse file may claim a huge header at no cost: no memory is given to what does not begin as a header does.
  if (start.length > SAFETENSORS_START_BYTES && start[SAFETENSORS_START_BYTES] !== OPENING_BRACE) {
    throw invalid(
      name,
      `is not a .safetensors file: its header does not begin with {. It begins with ${beginningOf(start)}`,
    );
  }
  return end;
}

/**
 * Reads the header and checks that the tensors fill the rest of the file, without overlap or gap.
 * @param prefix all bytes before the tensors, as many as {@link safetensorsPrefixBytes} says
 * @returns the tensors in the order of the header
 * @throws RMSNormError INVALID_FILE
 */
export function parseSafetensors(prefix: Uint8Array, fileBytes: number, name: string): SafetensorsTensor[] {
  const base = prefix.byteLength;
  let tensors: HeaderTensor[];
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    tensors = parseSafetensorsHeader(utf8.decode(prefix.subarray(SAFETENSORS_START_BYTES)), base);
  } catch (error) {
    throw invalid(name, `has a header that cannot be read: ${(error as Error).message}`);
  }
  for (const tensor of tensors) checkSize(name, tensor, base);
  checkCover(name, tensors, base, fileBytes);
  return tensors;
}

/**
 * The tensor of that name, or the only one.
 * @throws RMSNormError INVALID_OPTION where there is none or more than one; DTYPE where it is not of floats
 */
export function chooseTensor(
  tensors: readonly SafetensorsTensor[],
  wanted: string | undefined,
  file: string,
  how: string,
  cast = false,
): ReadableTensor {
  const found = wanted === undefined ? tensors : tensors.filter((tensor) => tensor.name === wanted);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const problem = wanted === undefined ? `has ${tensors.length} tensors` : `has no tensor '${short(wanted)}'`;
    throw new RMSNormError(
      'INVALID_OPTION',
      `${file} ${problem}: name one with ${how}; it has ${listOf(tensors, wanted)}`,
    );
  }
  return readable(only, file, cast);
}

/**
 * The tensor, where its elements are floats; or, to be cast, other numbers.
 * @throws RMSNormError DTYPE
 */
export function readable(tensor: SafetensorsTensor, file: string, cast = false): ReadableTensor {
  const stored = Object.hasOwn(TYPES, tensor.dtype) ? TYPES[tensor.dtype] : undefined;
  if (stored !== undefined && (cast || stored === 'float64' || isFloatDType(stored))) return { ...tensor, stored };
  const wayOut = stored === undefined ? '' : ': where this is IN, --cast float32 -o OUT.npy converts it';
  throw new RMSNormError(
    'DTYPE',
    `tensor '${short(tensor.name)}' of ${file} is ${short(tensor.dtype)}; F32, F16 or BF16 is needed${wayOut}`,
  );
}

/** All bytes before the elements of a file with one tensor. */
export function safetensorsPrefix(dtype: FloatDType, shape: readonly number[], tensor: string): Uint8Array {
  const bytes = countOf(shape) * bytesPerStored(dtype);
  const entry = { dtype: NAMES[dtype], shape, data_offsets: [0, bytes] };

  const json = Buffer.from(`{${JSON.stringify(tensor)}:${JSON.stringify(entry)}}`);
  const prefix = Buffer.alloc(Math.ceil((SAFETENSORS_START_BYTES + json.length) / 8) * 8, ' ');
  prefix.writeBigUInt64LE(BigInt(prefix.length - SAFETENSORS_START_BYTES), 0);
  json.copy(prefix, SAFETENSORS_START_BYTES);
  return prefix;
}

function isNpy(start: Uint8Array): boolean {
  return Buffer.from(start).toString('latin1').startsWith('\x93NUMPY');
}

function checkSize(file: string, { name, dtype, shape, start, end }: HeaderTensor, base: number): void {
  if (start > end) {
    throw invalid(file, `has tensor '${short(name)}' begin at byte ${start - base} and end at ${end - base}`);
  }
  const bits = Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
  if (bits === undefined) return;
  const bytes = (countOf(shape) * bits) / 8;
  if (bytes === end - start) return;
  const expected = Number.isNaN(bytes) ? 'more than any file holds' : `${bytes} bytes`;
  const what = `tensor '${short(name)}', ${dtype} [${shape.slice(0, 8)}]`;
  throw invalid(file, `gives ${what}, ${end - start} bytes; it needs ${expected}`);
}

function checkCover(file: string, tensors: readonly SafetensorsTensor[], base: number, fileBytes: number): void {
  const who = (tensor: HeaderTensor | null): string => (tensor ? `tensor '${short(tensor.name)}'` : 'the header');
  let last: HeaderTensor | null = null;
  let at = base;
  for (const tensor of inOrder(tensors)) {
    if (tensor.start !== at) {
      const problem = tensor.start < at ? 'overlapping tensors' : 'bytes that belong to no tensor';
      throw invalid(file, `has ${problem}: ${who(last)} ends at byte ${at}, ${who(tensor)} begins at ${tensor.start}`);
    }
    if (tensor.end > fileBytes) {
      throw invalid(file, `is truncated: ${who(tensor)} ends at byte ${tensor.end}, the file at ${fileBytes}`);
    }
    at = tensor.end;
    last = tensor;
  }
  if (at === fileBytes) return;
  throw invalid(file, `has trailing bytes: ${who(last)} ends at byte ${at}, the file at ${fileBytes}`);
}

/** In the order of their bytes: most files have them so, and a million need not be sorted then. */
function inOrder(tensors: readonly SafetensorsTensor[]): readonly SafetensorsTensor[] {
  const before = (a: SafetensorsTensor, b: SafetensorsTensor): number => a.start - b.start || a.end - b.end;
  const sorted = tensors.every((tensor, i) => i === 0 || before(tensors[i - 1]!, tensor) <= 0);
  return sorted ? tensors : [...tensors].sort(before);
}

/** How many tensors a message shows. */
const SHOWN_TENSORS = 8;

/**
 * Tensors for a message, a few of them: the first; or those whose names share most characters with `wanted`, at the
 * beginning and at the end.
 */
export function listOf(tensors: readonly SafetensorsTensor[], wanted?: string): string {
  const nearest = wanted === undefined ? tensors.slice(0, SHOWN_TENSORS) : nearestOf(tensors, wanted);
  const shown = nearest.map(({ name, dtype, shape }) => `'${short(name)}' (${short(dtype)} [${shape.slice(0, 8)}])`);
  if (tensors.length > shown.length) shown.push(`${tensors.length - shown.length} more`);
  return shown.join(', ') || 'no tensor';
}

function nearestOf(tensors: readonly SafetensorsTensor[], wanted: string): readonly SafetensorsTensor[] {
  const best: { tensor: SafetensorsTensor; likeness: number }[] = [];
  for (const tensor of tensors) {
    const likeness = sharedCharacters(tensor.name, wanted);
    if (best.length === SHOWN_TENSORS && likeness <= best.at(-1)!.likeness) continue;
    const place = best.findIndex((other) => other.likeness < likeness);
    best.splice(place === -1 ? best.length : place, 0, { tensor, likeness });
    best.length = Math.min(best.length, SHOWN_TENSORS);
  }
  return best.map(({ tensor }) => tensor);
}

function sharedCharacters(name: string, wanted: string): number {
  const most = Math.min(name.length, wanted.length);
  let front = 0;
  while (front < most && name[front] === wanted[front]) front++;
  let back = 0;
  while (back < most - front && name.at(-1 - back) === wanted.at(-1 - back)) back++;
  return front + back;
}

function invalid(name: string, problem: string): RMSNormError {
  return new RMSNormError('INVALID_FILE', `${name} ${problem}`);
}
