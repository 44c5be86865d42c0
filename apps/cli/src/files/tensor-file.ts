import { type FileHandle, open, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { RMSNormError } from '@rmsnorm/core';
import { BEGINNING_BYTES } from './beginning.ts';
import { type ByteSource, FileSource } from './byte-source.ts';
import { pieceAt } from './extent.ts';
import { fileError } from './file-error.ts';
import { NPY_START_BYTES, npyPrefixBytes, parseNpy } from './npy.ts';
import { chooseTensor, parseSafetensors, type SafetensorsTensor, safetensorsPrefixBytes } from './safetensors.ts';
import type { StoredType } from './stored-type.ts';
import { StreamSource } from './stream-source.ts';

export type FileFormat = 'npy' | 'safetensors';

/** An open input, and the one tensor in it that was chosen. */
export interface TensorFile {
  /** As the user names it. */
  readonly path: string;
  readonly format: FileFormat;
  readonly source: ByteSource;
  /** Size of the input. */
  readonly bytes: number;
  /** How many of them are the header. */
  readonly headerBytes: number;
  /** When the file was written last; null of a stream. */
  readonly modified: string | null;
  /** What its elements are, and in which byte order. */
  readonly stored: StoredType;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin and end in the input. */
  readonly start: number;
  readonly end: number;
  /** The tensor's name; null in .npy, which has none. */
  readonly tensor: string | null;
  /** How many other tensors the file has. */
  readonly others: number;
}

/** The format that a path's extension names, or null. */
export function formatOf(path: string): FileFormat | null {
  const extension = extname(path).toLowerCase();
  if (extension === '.npy') return 'npy';
  return extension === '.safetensors' ? 'safetensors' : null;
}

export interface OpenOptions {
  /** Which tensor of a .safetensors file; its only one where it is undefined. */
  readonly tensor?: string | undefined;
  /** The option by which a user names one, for the message. */
  readonly how: string;
  /** Whether elements of any type will do, as they are going to be cast. */
  readonly cast?: boolean;
}

/**
 * Opens a file and reads its header. The caller closes `source`.
 * @throws RMSNormError INVALID_FILE, DTYPE, INVALID_OPTION
 */
export async function openTensorFile(path: string, format: FileFormat, options: OpenOptions): Promise<TensorFile> {
  switch (format) {
    case 'npy':
      return openNpy(path, options.cast ?? false);
    case 'safetensors':
      return openOneOf(await openSafetensors(path), options);
    default:
      throw new Error(`nothing opens ${format satisfies never}`);
  }
}

/** Chooses a tensor of an open file. Where there is none to choose, closes the file. */
async function openOneOf({ tensors, ...file }: SafetensorsFile, options: OpenOptions): Promise<TensorFile> {
  try {
    const { name, ...chosen } = chooseTensor(tensors, options.tensor, file.path, options.how, options.cast);
    return { ...file, ...chosen, bigEndian: false, tensor: name, others: tensors.length - 1 };
  } catch (error) {
    await file.source.close();
    throw error;
  }
}

export interface SafetensorsFile extends Pick<TensorFile, 'path' | 'source' | 'bytes' | 'headerBytes' | 'modified'> {
  readonly format: 'safetensors';
  readonly tensors: readonly SafetensorsTensor[];
}

/**
 * Opens a .safetensors file and reads what tensors it has. The caller closes `source`.
 * @throws RMSNormError INVALID_FILE
 */
export function openSafetensors(path: string): Promise<SafetensorsFile> {
  return opening(path, async (source) => {
    const { bytes, modified } = source;
    const headerBytes = safetensorsPrefixBytes(await firstBytes(source, Math.min(BEGINNING_BYTES, bytes)), bytes, path);
    const tensors = parseSafetensors(await firstBytes(source, headerBytes), bytes, path);
    return { path, format: 'safetensors', source, bytes, headerBytes, modified, tensors };
  });
}

function openNpy(path: string, cast: boolean): Promise<TensorFile> {
  return opening(path, async (source) => {
    const { bytes, modified } = source;
    const headerBytes = npyPrefixBytes(await firstBytes(source, Math.min(NPY_START_BYTES, bytes)), bytes, path);
    const array = parseNpy(await firstBytes(source, headerBytes), bytes, path, cast);
    return { path, format: 'npy', source, bytes, headerBytes, modified, ...array, tensor: null, others: 0 };
  });
}

/**
 * Reads the header of a .npy file that arrives on a stream. The caller closes `source`.
 * @throws RMSNormError INVALID_FILE, DTYPE; `signal.reason`
 */
export async function openNpyStream(stream: Readable, signal: AbortSignal, cast: boolean): Promise<TensorFile> {
  assertLittleEndian();
  const source = new StreamSource(stream, 'stdin', signal);
  try {
    const start = await source.peek(NPY_START_BYTES);
    if (start.byteLength === 0) throw new RMSNormError('INVALID_FILE', 'stdin is empty (0 bytes)');
    const known = start.byteLength < NPY_START_BYTES ? start.byteLength : Number.POSITIVE_INFINITY;
    const headerBytes = npyPrefixBytes(start, known, 'stdin');
    const header = await source.peek(headerBytes);
    if (header.byteLength < headerBytes) npyPrefixBytes(start, header.byteLength, 'stdin');
    const array = parseNpy(header, null, 'stdin', cast);
    const rest = { bytes: array.end, headerBytes, modified: null, tensor: null, others: 0 };
    return { path: 'stdin', format: 'npy', source, ...array, ...rest };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Opens a file and parses it. Where that fails, closes it. */
async function opening<T>(path: string, parse: (source: FileSource) => Promise<T>): Promise<T> {
  assertLittleEndian();
  const file = await openRegular(path);
  try {
    const source = await FileSource.of(file, path);
    if (source.bytes === 0) throw new RMSNormError('INVALID_FILE', `${path} is empty (0 bytes)`);
    return await parse(source);
  } catch (error) {
    await file.close();
    throw fileError(error, `read ${path}`);
  }
}

function assertLittleEndian(): void {
  if (endianness() === 'LE') return;
  throw new RMSNormError('WRONG_RUNTIME', 'the files are little endian, this machine is big endian');
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    // Before opening: the open of a pipe waits until something writes to it.
    const found = await stat(path);
    if (found.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a folder: name a file in it`);
    if (!found.isFile()) {
      throw new RMSNormError(
        'INVALID_FILE',
        `${path} is a pipe or a device: write it to a file first, then run on that; or .npy on stdin: - in place of IN`,
      );
    }
    return await open(path, 'r');
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
}

async function firstBytes(source: ByteSource, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await source.read(pieceAt(0, count), bytes);
  return bytes;
}
