import { RMSNormError } from '../values/errors.ts';
import { show } from '../values/show.ts';
import type { Tensor } from './backend.ts';
import { isTensor } from './internals.ts';

/** The tensors that one `tidy` saw made, and is to dispose of. */
type Scope = Set<Tensor>;

/**
 * The calls of `tidy` that run on one backend.
 *
 * While a function is on the stack, what is made belongs to it alone. What is made while no function is on the stack, but
 * promises of async ones are awaited, may be any of theirs, or another's. So it belongs to all that are awaited then, and
 * is disposed of when the last of these has settled. What one of them returns leaves them all.
 */
export class Tidies {
  /** Innermost last. */
  readonly #stack: Scope[] = [];
  readonly #awaited = new Set<Scope>();
  /** How many tidies run. While 0, callers may skip `add` and `keep`. */
  running = 0;

  add(tensor: Tensor): void {
    const innermost = this.#stack.at(-1);
    if (innermost) innermost.add(tensor);
    else for (const scope of this.#awaited) scope.add(tensor);
  }

  /** Takes a tensor out of all. */
  keep(tensor: Tensor): void {
    for (const scope of this.#stack) scope.delete(tensor);
    for (const scope of this.#awaited) scope.delete(tensor);
  }

  run<R>(fn: () => R): R {
    if (typeof fn !== 'function') {
      throw new RMSNormError('INVALID_OPTION', `tidy() takes a function, got ${show(fn)}`);
    }
    const scope: Scope = new Set();
    const outer = this.#stack.at(-1);
    this.#stack.push(scope);
    this.running += 1;
    let result: R;
    let kept: readonly Tensor[] = [];
    try {
      result = fn();
      if (isThenable(result)) return this.#await(result, scope, outer) as R;
      kept = tensorsIn(result);
    } finally {
      this.#stack.pop();
      if (!this.#awaited.has(scope)) {
        for (const tensor of kept) if (scope.delete(tensor)) this.add(tensor);
        this.#end(scope);
      }
    }
    return result;
  }

  async #await(promise: PromiseLike<unknown>, scope: Scope, outer: Scope | undefined): Promise<unknown> {
    this.#awaited.add(scope);
    try {
      const result = await promise;
      for (const tensor of tensorsIn(result)) {
        if (!scope.has(tensor)) continue;
        this.keep(tensor);
        // Called within another one that still runs: so it is that one's now.
        if (outer && (this.#awaited.has(outer) || this.#stack.includes(outer))) outer.add(tensor);
      }
      return result;
    } finally {
      this.#awaited.delete(scope);
      this.#end(scope);
    }
  }

  /** Disposes of what no other call will. */
  #end(scope: Scope): void {
    this.running -= 1;
    for (const tensor of scope) {
      if (![...this.#awaited].some((other) => other.has(tensor))) tensor.dispose();
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject && typeof (value as { then?: unknown }).then === 'function';
}

/** All tensors in a result: itself, or in objects, arrays, functions, Maps and Sets, however deep. */
function tensorsIn(result: unknown): Tensor[] {
  const found: Tensor[] = [];
  const seen = new Set<object>();
  const left: unknown[] = [result];
  while (left.length > 0) {
    const value = left.pop();
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isTensor(value)) found.push(value);
    else for (const part of partsOf(value)) left.push(part);
  }
  return found;
}

/**
 * What an object holds: its own properties, and the entries of a Map or a Set. Not whatever can be iterated: a generator
 * would be used up. Nothing of a Proxy that was revoked, and not what getters give.
 */
function partsOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [];
  const parts: unknown[] = [];
  for (const Collection of [Map, Set]) {
    try {
      Collection.prototype.forEach.call(value as never, (entry: unknown, key: unknown) => void parts.push(entry, key));
    } catch {
      // It is none.
    }
  }
  try {
    for (const key of Reflect.ownKeys(value)) parts.push(Object.getOwnPropertyDescriptor(value, key)?.value);
  } catch {
    // A Proxy that does not say.
  }
  return parts;
}
