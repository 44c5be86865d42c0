import { RMSNormError } from './errors.ts';
import { nearest } from './nearest.ts';
import { unreadable } from './reading.ts';
import { show } from './show.ts';

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
}

/** The keys of `T`, all of them: with a key that `T` gains, the call does not compile until it names it. */
export function keysOf<T>(keys: Readonly<Record<keyof T, true>>): readonly string[] {
  return Object.keys(keys);
}

/**
 * What was given, checked; nothing given is an empty object.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkedKeys<T extends object>(given: T | undefined, form: Form): T {
  if (given === undefined) return {} as T;
  checkKeys(given, form);
  return given;
}

/**
 * Refuses what is no object, keys that are not known, and null, which is no option's value.
 * @throws RMSNormError INVALID_OPTION
 */
export function checkKeys(given: unknown, form: Form): void {
  checkOwnKeys(given, form);
  if (form.out === undefined) return;
  const out = outOf(given as { readonly out?: unknown }, form);
  if (out !== undefined) checkOwnKeys(out, form.out);
}

function outOf(given: { readonly out?: unknown }, { name }: Form): unknown {
  try {
    return given.out;
  } catch (error) {
    throw unreadable(error, name, 'INVALID_OPTION');
  }
}

/** Small calls must be fast: nothing is allocated, and whatever is slow stands in other functions. */
function checkOwnKeys(given: unknown, form: Form): void {
  // Arrays of elements have a key for each of them.
  if (typeof given !== 'object' || given === null || ArrayBuffer.isView(given)) throw noObject(given, form);
  const { keys } = form;
  let count = 0;
  try {
    for (const key in given) {
      count += 1;
      if (!includes(keys, key) || (given as Record<string, unknown>)[key] === null) refuse(given, key, form);
    }
    if (count === 0) requireReadable(given, form);
  } catch (error) {
    throw unreadable(error, form.name, 'INVALID_OPTION');
  }
}

/** `known.includes(key)`: a loop takes half the time. */
function includes(known: readonly string[], key: string): boolean {
  for (let i = 0; i < known.length; i++) if (known[i] === key) return true;
  return false;
}

function refuse(given: object, key: string, form: Form): void {
  // What someone added to Object.prototype is no key of the caller's.
  if (!Object.hasOwn(given, key) && key in Object.prototype) return;
  if (Array.isArray(given)) throw noObject(given, form);
  throw form.keys.includes(key) ? nullOption(key, form) : unknownKey(given, key, form);
}

/** An empty array, a Map, a Promise and the like have none of the keys, and are no way to say so. */
function requireReadable(given: object, form: Form): void {
  if (isPlain(given)) return;
  if (!form.keys.some((key) => key in given)) throw noObject(given, form);
}

/** Made by `{}` in any realm, or without a prototype. */
export function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function noObject(given: unknown, { name, keys }: Form): RMSNormError {
  return invalid(`${name} must be an object with ${listed(keys)}, got ${show(given)}`);
}

function nullOption(key: string, { name }: Form): RMSNormError {
  return invalid(`${key} in ${name} is null, which is no option's value: leave it out`);
}

function unknownKey(given: object, key: string, { name, keys, out, hints = {}, tensor }: Form): RMSNormError {
  if (tensor !== undefined && 'dtype' in given && 'shape' in given) {
    return invalid(`${name} must be an object with ${listed(keys)}, got a tensor: write ${tensor}`);
  }
  const inside = out?.keys.includes(key) ? `write { out: { ${key} } }` : undefined;
  const hint = Object.hasOwn(hints, key) ? hints[key] : `did you mean '${nearest(key, keys)}'?`;
  return invalid(`there is no key ${show(key)} in ${name}: ${inside ?? hint} (the keys are ${keys.join(', ')})`);
}

function listed(keys: readonly string[]): string {
  return keys.length === 1 ? `the key ${keys[0]}` : `the keys ${keys.join(', ')}`;
}

function invalid(message: string): RMSNormError {
  return new RMSNormError('INVALID_OPTION', message);
}
