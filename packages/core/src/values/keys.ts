import { RMSNormError } from './errors.ts';
import { nearest } from './nearest.ts';
import { unreadable } from './reading.ts';
import { show, tagOf } from './show.ts';

/** How an options object is checked: its name in messages, and its keys. */
export interface Form {
  /** As a message names it: `addForward's third argument`. */
  readonly name: string;
  /** Not frozen: V8 reads frozen arrays slowly. */
  readonly keys: readonly string[];
  /** What may stand at the key `out`, where that is an object too. */
  readonly out?: Form;
  /** Of keys that belong elsewhere: what to write. */
  readonly hints?: Readonly<Record<string, string>>;
  /** What to write where a tensor was given in place of the object. */
  readonly tensor?: string;
  /** Whether null is taken, for what others take by default. */
  readonly nulls?: boolean;
  /**
   * Copies the keys by their names, for calls that must be fast. Plain objects are not searched there for symbols and for
   * keys that are not enumerable, which would take as long as a third of a small call.
   */
  readonly copy?: (given: never) => object;
}

/** What tools put into the exports of a module, which may be options: `import * as options`. */
const MARKS_OF_MODULES: readonly (string | symbol)[] = [Symbol.toStringTag, '__esModule'];

/** The keys of `T`, all of them: with a key that `T` gains, the call does not compile until it names it. */
export function keysOf<T>(keys: Readonly<Record<keyof T, true>>): readonly string[] {
  return Object.keys(keys);
}

/**
 * As {@link readKeys}; nothing given is an empty object.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedKeys<T extends object>(given: T | undefined, form: Form): T {
  return given === undefined ? ({} as T) : readKeys(given, form);
}

/**
 * A copy of an object of options. What counts is the copy: a getter may give something else, or throw, the next time.
 * Refuses what is no object, keys that are not known, and null, which is no option's value.
 * @throws RMSNormError INVALID_OPTION
 */
export function readKeys<T extends object>(given: T, form: Form): T {
  try {
    checkNames(given, form);
    return (form.copy !== undefined ? form.copy(given as never) : copied(given, form)) as T;
  } catch (error) {
    throw unreadable(error, form.name, 'INVALID_OPTION');
  }
}

/**
 * As {@link checkedKeys}, for the copy of a form that holds another one with a copy: what a getter throws, the outer one
 * tells. Not by calling it once more, which engines would not inline.
 */
export function innerKeys<T extends object>(
  given: T | undefined,
  form: Form & Required<Pick<Form, 'copy'>>,
): T | undefined {
  if (given === undefined) return undefined;
  checkNames(given, form);
  return form.copy(given as never) as T;
}

/** Small calls must be fast: nothing is allocated, and whatever is slow stands in other functions. */
function checkNames(given: object, form: Form): void {
  // Arrays of elements have a key for each of them.
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given)) throw noObject(given, form);
  const { keys } = form;
  for (const key in given) {
    if (!includes(keys, key) || (given as Record<string, unknown>)[key] === null) refuse(given, key, form);
  }
  // As good as its prototype, and faster to read.
  if (given.constructor !== Object) checkInherited(given, form);
}

/** `known.includes(key)`: a loop takes half the time. */
function includes(known: readonly unknown[], key: string | symbol): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] === key) return true;
  return false;
}

function refuse(given: object, key: string, form: Form): void {
  // What someone added to Object.prototype is no key of the caller's.
  if (!Object.hasOwn(given, key) && key in Object.prototype) return;
  if (Array.isArray(given)) throw noObject(given, form);
  if (!form.keys.includes(key)) throw unknownKey(given, key, form);
  if (!form.nulls) throw nullOption(key, form);
}

/**
 * Of an object with a class: what it and its prototypes have is known, but for methods. An array, a Map, a Promise and the
 * like are no way to say options, nor is an object with none of the keys.
 */
function checkInherited(given: object, form: Form): void {
  if (isPlain(given)) return;
  if (tagOf(given) !== 'Object' || !form.keys.some((key) => key in given)) throw noObject(given, form);
  for (let from: object | null = given; from !== null && prototypeOf(from) !== null; from = prototypeOf(from)) {
    for (const key of Reflect.ownKeys(from)) {
      const isMethod = typeof Object.getOwnPropertyDescriptor(from, key)?.value === 'function';
      if (!isMethod && !includes(form.keys, key)) throw unknownKey(given, key, form);
    }
  }
}

/** A copy of what the form knows, which also looks at keys that a loop does not see. */
function copied(given: object, form: Form): object {
  const copy: Record<string, unknown> = {};
  for (const key of Object.getOwnPropertySymbols(given)) {
    if (!MARKS_OF_MODULES.includes(key)) throw unknownKey(given, key, form);
  }
  for (const key of isPlain(given) ? Object.getOwnPropertyNames(given) : form.keys) {
    if (MARKS_OF_MODULES.includes(key)) continue;
    if (!includes(form.keys, key)) throw unknownKey(given, key, form);
    const value = (given as Readonly<Record<string, unknown>>)[key];
    if (value === undefined) continue;
    if (value === null && !form.nulls) throw nullOption(key, form);
    copy[key] = key === 'out' && form.out !== undefined ? readKeys(value as object, form.out) : value;
  }
  return copy;
}

/** Made by `{}` in any realm, or without a prototype. */
function isPlain(given: object): boolean {
  const prototype = prototypeOf(given);
  return prototype === null || prototypeOf(prototype) === null;
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}

function noObject(given: unknown, { name, keys }: Form): RMSNormError {
  return invalid(`${name} must be an object with ${listed(keys)}, got ${show(given)}`);
}

function nullOption(key: string, { name }: Form): RMSNormError {
  return invalid(`${key} in ${name} is null, which is no option's value: leave it out`);
}

function unknownKey(given: object, key: string | symbol, form: Form): RMSNormError {
  const { name, keys, tensor } = form;
  if (tensor !== undefined && 'dtype' in given && 'shape' in given) {
    return invalid(`${name} must be an object with ${listed(keys)}, got a tensor: write ${tensor}`);
  }
  return invalid(`there is no key ${show(key)} in ${name}: ${wayOut(key, form)} (the keys are ${keys.join(', ')})`);
}

function wayOut(key: string | symbol, { keys, out, hints = {} }: Form): string {
  if (typeof key === 'symbol') return 'leave it out';
  if (out?.keys.includes(key)) return `write { out: { ${key} } }`;
  return Object.hasOwn(hints, key) ? hints[key]! : `did you mean '${nearest(key, keys)}'?`;
}

function listed(keys: readonly string[]): string {
  return keys.length === 1 ? `the key ${keys[0]}` : `the keys ${keys.join(', ')}`;
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
