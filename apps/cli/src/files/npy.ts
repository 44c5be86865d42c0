import { type FloatDType, RMSNormError } from '@rmsnorm/core';
import { BEGINNING_BYTES, beginningOf } from './beginning.ts';
import { descrProblem, type NpyElements, parseDescr } from './npy-descr.ts';
import { type Literal, parsePythonLiteral } from './python-literal.ts';
import { bytesPerStored, countOf, isFloatDType, type StoredType } from './stored-type.ts';

/*
 * The .npy format, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: the magic string, two bytes
 * of version, the length of the header (16 bits in version 1, 32 bits in 2 and 3), a header that is a Python dict,
 * and the elements.
 */
const MAGIC = '\x93NUMPY';

/** So many bytes of a file say where its header ends, in any version, or what else it is. */
export const NPY_START_BYTES: number = BEGINNING_BYTES;

/**
 * NumPy itself refuses headers beyond 10,000 characters, unless told otherwise. Those of float32 and float16 have about
 * 100.
 */
const MAX_HEADER_BYTES = 1 << 20;

/** Elements start at a multiple of this, as NumPy writes them. */
const ALIGNMENT = 64;

export interface NpyArray {
  readonly stored: StoredType;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin and end in the file. */
  readonly start: number;
  readonly end: number;
}

/**
 * How many bytes stand before the elements.
 * @param start the first {@link NPY_START_BYTES} bytes of the file, or all where it is shorter
 * @throws RMSNormError INVALID_FILE
 */
export function npyPrefixBytes(start: Uint8Array, fileBytes: number, name: string): number {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw invalid(name, `is not a .npy file: it begins with ${beginningOf(start)}`);
  }
  const version = bytes[6] ?? 0;
  if (fileBytes > 7 && (version < 1 || version > 3 || bytes[7] !== 0)) {
    throw invalid(name, `has .npy version ${version}.${bytes[7]}; versions 1.0, 2.0 and 3.0 are known`);
  }
  const lengthEnd = version === 1 ? 10 : 12;
  if (fileBytes < lengthEnd) {
    throw invalid(name, `is truncated: ${fileBytes} bytes, a .npy file of version ${version} begins with ${lengthEnd}`);
  }
  const headerBytes = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw invalid(name, `claims a header of ${headerBytes} bytes; at most ${MAX_HEADER_BYTES} are read`);
  }
  if (lengthEnd + headerBytes > fileBytes) {
    throw invalid(name, `is truncated: the header ends at byte ${lengthEnd + headerBytes}, the file at ${fileBytes}`);
  }
  return lengthEnd + headerBytes;
}

/**
 * Reads the header and checks it against the size of the file.
 * @param prefix all bytes before the elements, as many as {@link npyPrefixBytes} says
 * @param fileBytes null of a stream, which has no size
 * @param cast whether elements of any plain type will do, in either byte order
 * @throws RMSNormError INVALID_FILE; DTYPE
 */
export function parseNpy(prefix: Uint8Array, fileBytes: number | null, name: string, cast = false): NpyArray {
  const version = prefix[6]!;
  const text = Buffer.from(prefix.subarray(version === 1 ? 10 : 12)).toString(version === 3 ? 'utf8' : 'latin1');
  const { descr, fortranOrder, shape } = fieldsOf(text, name);
  const { type, bigEndian } = elementsOf(descr, cast, name);
  // Of one axis, both orders are the same.
  if (fortranOrder && shape.filter((length) => length !== 1).length > 1 && !shape.includes(0)) {
    throw invalid(name, 'is in Fortran order; save it in C order: numpy.save(file, numpy.ascontiguousarray(x))');
  }
  const bytes = countOf(shape) * bytesPerStored(type);
  const start = prefix.byteLength;
  const end = start + bytes;
  const size = `(${shape.slice(0, 32).join(', ')}) of ${type}`;
  if (!Number.isSafeInteger(end)) {
    const has = fileBytes === null ? '' : `; the file has ${fileBytes} bytes`;
    throw invalid(name, `claims shape ${size}, more than any file holds${has}`);
  }
  if (fileBytes !== null && end !== fileBytes) {
    const problem = end > fileBytes ? 'is truncated' : 'has trailing bytes';
    throw invalid(name, `${problem}: ${size} from byte ${start} on ends at byte ${end}, the file at ${fileBytes}`);
  }
  return { stored: type, bigEndian, shape, start, end };
}

function elementsOf(descr: Literal, cast: boolean, name: string): NpyElements {
  const elements = typeof descr === 'string' ? parseDescr(descr) : null;
  const asTheyAre = elements && !elements.bigEndian && (isFloatDType(elements.type) || elements.type === 'float64');
  if (elements && (asTheyAre || cast)) return elements;
  throw new RMSNormError('DTYPE', `${name} ${descrProblem(typeof descr === 'string' ? descr : null)}`);
}

/** The dtypes that .npy has a name for. */
export type NpyDType = Exclude<FloatDType, 'bfloat16'>;

const DESCRS: Readonly<Record<NpyDType, string>> = { float32: '<f4', float16: '<f2' };

/** All bytes before the elements, as NumPy writes them. */
export function npyPrefix(dtype: NpyDType, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${DESCRS[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const total = Math.ceil((MAGIC.length + 4 + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const prefix = Buffer.alloc(total, ' ');
  prefix.write(`${MAGIC}\x01\x00`, 0, 'latin1');
  prefix.writeUInt16LE(total - 10, 8);
  prefix.write(dict, 10, 'latin1');
  prefix.write('\n', total - 1);
  return prefix;
}

function fieldsOf(text: string, name: string): { descr: Literal; fortranOrder: boolean; shape: readonly number[] } {
  let header: Literal;
  try {
    header = parsePythonLiteral(text);
  } catch (error) {
    throw invalid(name, `has a header that cannot be read: ${(error as SyntaxError).message}`);
  }
  const keys = header instanceof Map ? [...header.keys()].sort().join(', ') : '';
  if (!(header instanceof Map) || keys !== 'descr, fortran_order, shape') {
    throw invalid(name, `has a header with the keys '${keys.slice(0, 80)}', not 'descr, fortran_order, shape'`);
  }
  const fortranOrder = header.get('fortran_order');
  if (typeof fortranOrder !== 'boolean') throw invalid(name, 'has a header whose fortran_order is not True or False');
  const shape = header.get('shape') as Literal;
  if (!isShape(shape)) throw invalid(name, 'has a header whose shape is not a tuple of integers from 0 on');
  return { descr: header.get('descr') as Literal, fortranOrder, shape: shape.items as number[] };
}

function isShape(literal: Literal): literal is { kind: 'tuple'; items: readonly number[] } {
  if (typeof literal !== 'object' || literal === null || !('kind' in literal) || literal.kind !== 'tuple') return false;
  return literal.items.every((length) => Number.isSafeInteger(length) && (length as number) >= 0);
}

function invalid(name: string, problem: string): RMSNormError {
  return new RMSNormError('INVALID_FILE', `${name} ${problem}`);
}
