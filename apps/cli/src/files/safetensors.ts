import { type FloatDType, RMSNormError } from '@rmsnorm/core';
import { bytesPerFileElement, countOf, type FileDType } from './file-dtype.ts';
import { type HeaderEntry, parseSafetensorsHeader, short } from './safetensors-header.ts';

/*
 * The .safetensors format, https://huggingface.co/docs/safetensors: 8 bytes with the length of the header
 * (little endian), the header in JSON, and the tensors' bytes without a gap between them.
 */
export const SAFETENSORS_START_BYTES = 8;

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

const DTYPES: Readonly<Record<string, FileDType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
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

export interface SafetensorsTensor {
  readonly name: string;
  /** As the file names it, `BF16`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where the elements begin and end in the file. */
  readonly start: number;
  readonly end: number;
}

/** A tensor that can be normalized, or be a gamma. */
export interface FloatSafetensor extends Omit<SafetensorsTensor, 'dtype'> {
  readonly dtype: FileDType;
}

/**
 * How many bytes stand before the tensors.
 * @param start the first {@link SAFETENSORS_START_BYTES} bytes of the file, or all where it is shorter
 * @throws RMSNormError INVALID_FILE
 */
export function safetensorsPrefixBytes(start: Uint8Array, fileBytes: number, name: string): number {
  if (fileBytes < SAFETENSORS_START_BYTES) {
    throw invalid(name, `is truncated: ${fileBytes} bytes, a .safetensors file has at least 10`);
  }
  const headerBytes = Buffer.from(start).readBigUInt64LE(0);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw invalid(name, `claims a header of ${headerBytes} bytes; the format allows ${MAX_HEADER_BYTES}`);
  }
  const end = SAFETENSORS_START_BYTES + Number(headerBytes);
  if (end > fileBytes) throw invalid(name, `is truncated: the header ends at byte ${end}, the file at ${fileBytes}`);
  return end;
}

/**
 * Reads the header and checks that the tensors fill the rest of the file, without overlap or gap.
 * @param prefix all bytes before the tensors, as many as {@link safetensorsPrefixBytes} says
 * @returns the tensors in the order of the header
 * @throws RMSNormError INVALID_FILE
 */
export function parseSafetensors(prefix: Uint8Array, fileBytes: number, name: string): SafetensorsTensor[] {
  let entries: Map<string, HeaderEntry>;
  try {
    const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    entries = parseSafetensorsHeader(utf8.decode(prefix.subarray(SAFETENSORS_START_BYTES)));
  } catch (error) {
    throw invalid(name, `has a header that cannot be read: ${(error as Error).message}`);
  }
  const base = prefix.byteLength;
  const tensors: SafetensorsTensor[] = [];
  for (const [tensor, entry] of entries) {
    checkSize(name, tensor, entry);
    const { dtype, shape, begin, end } = entry;
    tensors.push({ name: tensor, dtype, shape, start: base + begin, end: base + end });
  }
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
): FloatSafetensor {
  const found = wanted === undefined ? tensors : tensors.filter((tensor) => tensor.name === wanted);
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const problem = wanted === undefined ? `has ${tensors.length} tensors` : `has no tensor '${short(wanted)}'`;
    const near = wanted === undefined ? tensors : nearest(tensors, wanted);
    throw new RMSNormError('INVALID_OPTION', `${file} ${problem}: name one with ${how}; it has ${listOf(near)}`);
  }
  return floatTensor(only, file);
}

/**
 * The tensor, where its elements are floats.
 * @throws RMSNormError DTYPE
 */
export function floatTensor(only: SafetensorsTensor, file: string): FloatSafetensor {
  const dtype = DTYPES[only.dtype];
  if (dtype === undefined) {
    throw new RMSNormError(
      'DTYPE',
      `tensor '${short(only.name)}' of ${file} is ${short(only.dtype)}; F32, F16 or BF16 is needed`,
    );
  }
  return { ...only, dtype };
}

/** All bytes before the elements of a file with one tensor. */
export function safetensorsPrefix(dtype: FloatDType, shape: readonly number[], tensor: string): Uint8Array {
  const bytes = countOf(shape) * bytesPerFileElement(dtype);
  const entry = { dtype: NAMES[dtype], shape, data_offsets: [0, bytes] };

  const json = Buffer.from(`{${JSON.stringify(tensor)}:${JSON.stringify(entry)}}`);
  const prefix = Buffer.alloc(Math.ceil((SAFETENSORS_START_BYTES + json.length) / 8) * 8, ' ');
  prefix.writeBigUInt64LE(BigInt(prefix.length - SAFETENSORS_START_BYTES), 0);
  json.copy(prefix, SAFETENSORS_START_BYTES);
  return prefix;
}

function checkSize(file: string, tensor: string, { dtype, shape, begin, end }: HeaderEntry): void {
  const who = `tensor '${short(tensor)}'`;
  if (begin > end) throw invalid(file, `has ${who} begin at byte ${begin} and end at ${end}`);
  const bits = Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
  if (bits === undefined) return;
  const bytes = (countOf(shape) * bits) / 8;
  if (bytes !== end - begin) {
    const expected = Number.isNaN(bytes) ? 'more than any file holds' : `${bytes} bytes`;
    throw invalid(file, `gives ${who}, ${dtype} [${shape.slice(0, 8)}], ${end - begin} bytes; it needs ${expected}`);
  }
}

function checkCover(file: string, tensors: readonly SafetensorsTensor[], base: number, fileBytes: number): void {
  let last = 'the header';
  let at = base;
  for (const tensor of [...tensors].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const who = `tensor '${short(tensor.name)}'`;
    if (tensor.start !== at) {
      const problem = tensor.start < at ? 'overlapping tensors' : 'bytes that belong to no tensor';
      throw invalid(file, `has ${problem}: ${last} ends at byte ${at}, ${who} begins at ${tensor.start}`);
    }
    if (tensor.end > fileBytes) {
      throw invalid(file, `is truncated: ${who} ends at byte ${tensor.end}, the file at ${fileBytes}`);
    }
    at = tensor.end;
    last = who;
  }
  if (at !== fileBytes) throw invalid(file, `has trailing bytes: ${last} ends at byte ${at}, the file at ${fileBytes}`);
}

/** The tensors; first those whose names share most characters with `wanted`, at the beginning and at the end. */
export function nearest(tensors: readonly SafetensorsTensor[], wanted: string): readonly SafetensorsTensor[] {
  const shared = ({ name }: SafetensorsTensor): number => {
    const most = Math.min(name.length, wanted.length);
    let front = 0;
    while (front < most && name[front] === wanted[front]) front++;
    let back = 0;
    while (back < most - front && name.at(-1 - back) === wanted.at(-1 - back)) back++;
    return front + back;
  };
  return tensors
    .map((tensor) => ({ tensor, likeness: shared(tensor) }))
    .sort((a, b) => b.likeness - a.likeness)
    .map(({ tensor }) => tensor);
}

/** Tensors for a message, the first few of them. */
export function listOf(tensors: readonly SafetensorsTensor[]): string {
  const shown = tensors.slice(0, 8).map(({ name, dtype, shape }) => `'${short(name)}' (${dtype} [${shape}])`);
  if (tensors.length > shown.length) shown.push(`${tensors.length - shown.length} more`);
  return shown.join(', ') || 'no tensor';
}

function invalid(name: string, problem: string): RMSNormError {
  return new RMSNormError('INVALID_FILE', `${name} ${problem}`);
}
