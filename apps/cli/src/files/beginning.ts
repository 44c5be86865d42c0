import { printable } from '../terminal/printable.ts';

/** What files of other kinds begin with, and what to do about them. */
const KINDS: readonly (readonly [start: string, advice: string])[] = [
  ['\x93NUMPY', 'a .npy file: let its name end in .npy'],
  ['version https://git-lfs', 'a pointer of Git LFS in place of the file: git lfs pull'],
  ['<', 'a page of HTML or XML: what was to be downloaded is not what came'],
  ['PK\x03\x04', 'a zip file, such as .npz or PyTorch writes: load it there, and save one array'],
  ['\x80', 'a pickle, such as PyTorch writes: load it there, and save as .safetensors'],
  ['\x1f\x8b', 'a file of gzip: unpack it first'],
  ['\x89HDF', 'a file of HDF5: load it with h5py, and save one array with numpy.save'],
  ['GGUF', 'a file of GGUF: convert it to .safetensors'],
];

/** So many bytes are looked at, and so many shown. */
export const BEGINNING_BYTES = 64;
const SHOWN_BYTES = 24;

/** The first bytes of a file as text for a message, and what kind of file begins so. */
export function beginningOf(start: Uint8Array): string {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  const text = bytes.toString('latin1');
  const kind = KINDS.find(([magic]) => text.startsWith(magic));
  const first = bytes.subarray(0, SHOWN_BYTES);
  // A character that is cut at the end does not make the text before it another one.
  const utf8 = first.toString().replace(/\uFFFD{1,3}$/, '');
  return `'${printable(utf8.includes('\uFFFD') ? first.toString('latin1') : utf8)}'${kind ? `, ${kind[1]}` : ''}`;
}

/** Whether bytes are text, with no control character but those that text has. */
export function isText(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes)
    .toString()
    .replace(/\uFFFD{1,3}$/, '');
  return text !== '' && !/[^\P{Cc}\t\n\v\f\r]|\uFFFD/u.test(text);
}
