import { type FileHandle, open, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { extname } from 'node:path';
import { RMSNormError } from '@rmsnorm/core';
import type { FileDType } from './file-dtype.ts';
import { fileError } from './file-error.ts';
import { NPY_START_BYTES, npyPrefixBytes, parseNpy } from './npy.ts';
import { readExactly } from './read-exactly.ts';
import {
  chooseTensor,
  parseSafetensors,
  SAFETENSORS_START_BYTES,
  type SafetensorsTensor,
  safetensorsPrefixBytes,
} from './safetensors.ts';

export type FileFormat = 'npy' | 'safetensors';

/** An open file, and the one tensor in it that was chosen. */
export interface TensorFile {
  readonly path: string;
  readonly format: FileFormat;
  readonly file: FileHandle;
  /** Size of the file. */
  readonly bytes: number;
  /** How many of them are the header. */
  readonly headerBytes: number;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** Where the elements begin and end in the file. */
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

/**
 * Opens a file and reads its header. The caller closes `file`.
 * @param tensor which tensor of a .safetensors file; its only one where it is undefined
 * @param how the option by which a user names one, for the message
 * @throws RMSNormError INVALID_FILE, DTYPE, INVALID_OPTION
 */
export async function openTensorFile(
  path: string,
  format: FileFormat,
  tensor: string | undefined,
  how: string,
): Promise<TensorFile> {
  switch (format) {
    case 'npy':
      return openNpy(path);
    case 'safetensors':
      return openOneOf(await openSafetensors(path), tensor, how);
    default:
      throw new Error(`nothing opens ${format satisfies never}`);
  }
}

/** Chooses a tensor of an open file. Where there is none to choose, closes the file. */
async function openOneOf(
  { tensors, ...file }: SafetensorsFile,
  tensor: string | undefined,
  how: string,
): Promise<TensorFile> {
  try {
    const chosen = chooseTensor(tensors, tensor, file.path, how);
    return { ...file, ...chosen, tensor: chosen.name, others: tensors.length - 1 };
  } catch (error) {
    await file.file.close();
    throw error;
  }
}

export interface SafetensorsFile extends Pick<TensorFile, 'path' | 'file' | 'bytes' | 'headerBytes'> {
  readonly format: 'safetensors';
  readonly tensors: readonly SafetensorsTensor[];
}

/**
 * Opens a .safetensors file and reads what tensors it has. The caller closes `file`.
 * @throws RMSNormError INVALID_FILE
 */
export function openSafetensors(path: string): Promise<SafetensorsFile> {
  return opening(path, async (file, bytes) => {
    const start = await firstBytes(file, Math.min(SAFETENSORS_START_BYTES, bytes), path);
    const headerBytes = safetensorsPrefixBytes(start, bytes, path);
    // A sparse file may claim a huge header at no cost: look at its first byte before allocating memory for it.
    const [brace] = await firstBytes(file, Math.min(SAFETENSORS_START_BYTES + 1, bytes), path).then((b) =>
      b.subarray(8),
    );
    if (brace !== 0x7b) {
      throw new RMSNormError('INVALID_FILE', `${path} is not a .safetensors file: its header does not begin with {`);
    }
    const tensors = parseSafetensors(await firstBytes(file, headerBytes, path), bytes, path);
    return { path, format: 'safetensors', file, bytes, headerBytes, tensors };
  });
}

function openNpy(path: string): Promise<TensorFile> {
  return opening(path, async (file, bytes) => {
    const start = await firstBytes(file, Math.min(NPY_START_BYTES, bytes), path);
    const headerBytes = npyPrefixBytes(start, bytes, path);
    const array = parseNpy(await firstBytes(file, headerBytes, path), bytes, path);
    return { path, format: 'npy', file, bytes, headerBytes, ...array, tensor: null, others: 0 };
  });
}

/** Opens a file and parses it. Where that fails, closes it. */
async function opening<T>(path: string, parse: (file: FileHandle, bytes: number) => Promise<T>): Promise<T> {
  if (endianness() !== 'LE') {
    throw new RMSNormError('WRONG_RUNTIME', 'the files are little endian, this machine is big endian');
  }
  const file = await openRegular(path);
  try {
    const { size: bytes } = await file.stat();
    if (bytes === 0) throw new RMSNormError('INVALID_FILE', `${path} is empty (0 bytes)`);
    return await parse(file, bytes);
  } catch (error) {
    await file.close();
    throw fileError(error, `read ${path}`);
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    // Before opening: the open of a pipe waits until something writes to it.
    const found = await stat(path);
    if (found.isDirectory()) throw new RMSNormError('INVALID_FILE', `${path} is a folder: name a file in it`);
    if (!found.isFile()) {
      throw new RMSNormError(
        'INVALID_FILE',
        `${path} is a pipe or a device: write it to a file first, then run on that`,
      );
    }
    return await open(path, 'r');
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
}

async function firstBytes(file: FileHandle, count: number, name: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  await readExactly(file, bytes, 0, name);
  return bytes;
}
