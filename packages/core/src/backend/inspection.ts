import { isFloatDType } from '../values/dtype.ts';
import { decode } from '../values/encoding.ts';
import type { HostData } from '../values/host-data.ts';
import { show } from '../values/show.ts';
import type { Backend, Tensor } from './backend.ts';

const MOST_VALUES = 8;

/** By these Node, Bun and Deno ask an object how console.log is to show it. */
const INSPECTION = ['nodejs.util.inspect.custom', 'Deno.customInspect'].map((name) => Symbol.for(name));

interface Class<T> {
  readonly prototype: T;
}

/**
 * Says how the objects of a class look in a console: as `text` where that asks, else by their name and own properties.
 * With a tag of their own, reactive frameworks such as Vue leave them alone, too.
 */
export function showAs<T>(shown: Class<T>, name: string, text: (object: T) => string): void {
  Object.defineProperty(shown, 'name', { value: name });
  Object.defineProperty(shown.prototype, Symbol.toStringTag, { value: name });
  for (const symbol of INSPECTION) {
    Object.defineProperty(shown.prototype, symbol, {
      value(this: T): string {
        return text(this);
      },
    });
  }
}

/**
 * `Tensor float32 [2, 3] on wasm: 1, 2, 3, 4, 5, 6`: with values where they are in the host's reach.
 * @param view of the elements; throws where there is none
 */
export function tensorText(tensor: Tensor, disposed: boolean, view: () => ArrayLike<number>): string {
  const what = `Tensor ${tensor.dtype} ${show(tensor.shape)}`;
  if (disposed) return `${what}, disposed`;
  return `${what} on ${tensor.backend.name}${valuesText(tensor, view)}`;
}

/** `Backend wasm (WebAssembly SIMD, one thread): 2 tensors, 1024 bytes`. */
export function backendText(backend: Backend, disposed: boolean): string {
  const { tensors, bytes } = backend.memory();
  const state = disposed ? 'disposed' : `${tensors} ${tensors === 1 ? 'tensor' : 'tensors'}, ${bytes} bytes`;
  return `Backend ${backend.name} (${backend.device}): ${state}`;
}

function valuesText({ dtype }: Tensor, view: () => ArrayLike<number>): string {
  try {
    const elements = view();
    if (elements.length === 0) return ': empty';
    const first = (elements as Float32Array).subarray(0, MOST_VALUES);
    const values = isFloatDType(dtype) ? decode(first as HostData, dtype) : first;
    // As many digits as a float32 has.
    const texts = Array.from(values, (value) => String(Number(value.toPrecision(7))));
    return `: ${texts.join(', ')}${elements.length > MOST_VALUES ? `, ... ${elements.length} in all` : ''}`;
  } catch {
    return '';
  }
}
