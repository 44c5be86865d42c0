/*
 * Typed arrays of callers, who may have made a subclass, or given one a property `length`: what counts are the elements
 * that there are, so they are asked by the getters that the engine itself has for all typed arrays.
 */

import { tagOf } from './show.ts';

type TypedArray = Float32Array | Uint16Array | Int8Array;
type TypedArrayClass = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray;

const prototypeOfAll: object = Object.getPrototypeOf(Float32Array.prototype);
const tag = getterOf(Symbol.toStringTag);
const buffer = getterOf('buffer');
const byteOffset = getterOf('byteOffset');
const byteLength = getterOf('byteLength');
const length = getterOf('length');

/** What one of a caller's may have instead. */
const OWN = ['buffer', 'byteOffset', 'byteLength', 'length'];

/** `Float32Array`, ...: of any realm and subclass; undefined where it is no typed array. */
export function kindOfArray(value: unknown): string | undefined {
  const kind = tag.call(value) as string | undefined;
  // An engine may lack Float16Array, and a program have its own.
  return kind === 'Uint16Array' && tagOf(value) === 'Float16Array' ? 'Float16Array' : kind;
}

/** The array itself, or where it is of a subclass, another realm or has properties of its own, its elements as a plain one. */
export function plainArray<A extends object>(array: A): A {
  const Kind = classOf(array);
  if (Object.getPrototypeOf(array) === Kind.prototype && !OWN.some((key) => Object.hasOwn(array, key))) return array;
  return over(Kind, bytesOf(array), length.call(array) as number) as object as A;
}

/** A plain array of the kind of `array`, over `bytes`. */
export function sameKind<A extends object>(array: A, bytes: Uint8Array): A {
  const Kind = classOf(array);
  return over(Kind, bytes, bytes.length / Kind.BYTES_PER_ELEMENT) as object as A;
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(array: object): Uint8Array {
  const bytes = byteLength.call(array) as number;
  // A view of memory that is gone cannot be made.
  if (bytes === 0) return new Uint8Array(0);
  return new Uint8Array(buffer.call(array) as ArrayBufferLike, byteOffset.call(array) as number, bytes);
}

function over(Kind: TypedArrayClass, bytes: Uint8Array, elements: number): TypedArray {
  return new Kind(bytes.buffer, bytes.byteOffset, elements);
}

function classOf(array: object): TypedArrayClass & { readonly BYTES_PER_ELEMENT: number; readonly prototype: object } {
  return (globalThis as never)[kindOfArray(array)!] ?? array.constructor;
}

function getterOf(key: PropertyKey): () => unknown {
  return Object.getOwnPropertyDescriptor(prototypeOfAll, key)!.get!;
}
