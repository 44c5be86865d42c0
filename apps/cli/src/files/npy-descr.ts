import type { StoredType } from './stored-type.ts';

type NpyType = Exclude<StoredType, 'bfloat16'>;

/** What the `descr` of a .npy file means, where its elements are plain numbers. */
export interface NpyElements {
  readonly type: NpyType;
  readonly bigEndian: boolean;
}

/** A letter, how many bytes, and the other letters and names that NumPy has for it. Its `l` differs between systems. */
const TYPES: readonly (readonly [kind: string, bytes: number, type: NpyType, letters: string, names: string])[] = [
  ['f', 2, 'float16', 'e', 'float16 half'],
  ['f', 4, 'float32', 'f', 'float32 single'],
  ['f', 8, 'float64', 'd', 'float64 double float'],
  ['b', 1, 'bool', '?', 'bool'],
  ['i', 1, 'int8', 'b', 'int8 byte'],
  ['i', 2, 'int16', 'h', 'int16 short'],
  ['i', 4, 'int32', 'i', 'int32 intc'],
  ['i', 8, 'int64', 'q', 'int64 longlong'],
  ['u', 1, 'uint8', 'B', 'uint8 ubyte'],
  ['u', 2, 'uint16', 'H', 'uint16 ushort'],
  ['u', 4, 'uint32', 'I', 'uint32 uintc'],
  ['u', 8, 'uint64', 'Q', 'uint64 ulonglong'],
];

/**
 * Reads a `descr` as numpy.dtype() does on a little endian machine: `<f4`, `=f4`, `|f4`, `f4`, `f`, `float32` and `single`
 * are the same. null where it is no plain number.
 */
export function parseDescr(descr: string): NpyElements | null {
  const named = TYPES.find(([, , , , names]) => names.split(' ').includes(descr));
  if (named) return { type: named[2], bigEndian: false };
  const [, order, letter = '', digits] = /^([<>=|]?)([a-zA-Z?])(?: *0*(\d+))?$/.exec(descr) ?? [];
  const found = TYPES.find(([kind, bytes, , letters]) =>
    digits === undefined ? letters === letter : kind === letter && bytes === Number(digits),
  );
  return found ? { type: found[2], bigEndian: order === '>' && found[1] > 1 } : null;
}

/** What is wrong with the elements of a .npy file, and what to do. */
export function descrProblem(descr: string | null): string {
  const wanted = 'float32 (<f4) or float16 (<f2) is needed';
  if (descr === null) return `holds records of a structured dtype; ${wanted}: save one field of it`;
  const shown = descr.slice(0, 40);
  const elements = parseDescr(descr);
  if (elements) {
    const problem =
      elements.bigEndian && elements.type.startsWith('float') ? `is big endian (${shown})` : `holds ${shown}`;
    const target = elements.bigEndian && elements.type === 'float16' ? '<f2' : '<f4';
    return `${problem}; ${wanted}: numpy.save(file, x.astype('${target}')); where this is IN, --cast float32 does the same`;
  }
  if (descr === '<V2' || descr === '|V2') {
    return `holds ${shown}, perhaps bfloat16, which .npy has no name for; ${wanted}: save bfloat16 as .safetensors`;
  }
  return `holds ${shown}; ${wanted}: numpy.save(file, x.astype('<f4'))`;
}
