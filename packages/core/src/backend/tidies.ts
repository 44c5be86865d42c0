import { RMSNormError } from '../values/errors.ts';
import { show } from '../values/show.ts';
import type { Tensor } from './backend.ts';
import { Lending } from './lending.ts';
import { objectsIn } from './objects-in.ts';

/** A call of `tidy`. */
interface Scope {
  /** What it saw made, and is to dispose of. */
  readonly tensors: Set<Tensor>;
  /** That in which it began. */
  readonly turn: number;
  /** Until it has disposed of them. */
  open: boolean;
}

/**
 * The calls of `tidy` that run on one backend.
 *
 * While a function is on the stack, what is made belongs to it alone. What is made while no function is on the stack, but
 * promises of async ones are awaited, may be any of theirs, or another's. So it belongs to all that are awaited then, and
 * is disposed of when the last of these has settled. What one of them returns leaves them all, and belongs to those that
 * may have called it.
 */
export class Tidies {
  readonly #lending: Lending;
  /** Innermost last. */
  readonly #stack: Scope[] = [];
  /**
   * Held by the promise that it awaits alone: where that is forgotten, and so will never settle, the scope is collected,
   * and what it saw made is left to the net.
   */
  readonly #awaited = new Set<WeakRef<Scope>>();
  /** Steps on before a function that began goes on behind its first `await`. */
  #turn = 0;
  #stepping = false;
  /** How many tidies run. While 0, callers may skip all but `run`. */
  running = 0;

  /** @param memoryOf a tensor, where the host can address it */
  constructor(memoryOf: (tensor: Tensor) => Uint8Array | null) {
    this.#lending = new Lending(memoryOf);
  }

  add(tensor: Tensor): void {
    for (const scope of this.#owners()) scope.tensors.add(tensor);
  }

  /** Takes a tensor out of all. */
  keep(tensor: Tensor): void {
    for (const scope of this.#open()) scope.tensors.delete(tensor);
  }

  /** `tensor` gave out a handle to its memory. */
  lend(tensor: Tensor, handle: unknown): void {
    this.#lending.lend(tensor, handle);
  }

  /** `tensor` wraps a handle. */
  wrap(tensor: Tensor, handle: unknown): void {
    const others = this.#open().flatMap((scope) => [...scope.tensors]);
    this.#lending.wrap(tensor, handle, others);
  }

  run<R>(fn: () => R): R {
    if (typeof fn !== 'function') {
      throw new RMSNormError('INVALID_OPTION', `tidy() takes a function, got ${show(fn)}`);
    }
    this.#stepLater();
    const scope: Scope = { tensors: new Set(), turn: this.#turn, open: true };
    this.#stack.push(scope);
    this.running += 1;
    let result: R;
    try {
      result = call(fn);
    } catch (error) {
      this.#stack.pop();
      this.#end(scope);
      throw error;
    }
    this.#stack.pop();
    const owners = this.#owners();
    return isThenable(result) ? (this.#await(result, scope, owners) as R) : this.#finish(result, scope, owners);
  }

  async #await(promise: PromiseLike<unknown>, scope: Scope, owners: readonly Scope[]): Promise<unknown> {
    const ref = typeof WeakRef === 'function' ? new WeakRef(scope) : ({ deref: () => scope } as WeakRef<Scope>);
    this.#awaited.add(ref);
    let result: unknown;
    try {
      result = await promise;
    } catch (error) {
      this.#awaited.delete(ref);
      this.#end(scope);
      throw error;
    }
    this.#awaited.delete(ref);
    return this.#finish(result, scope, owners);
  }

  /** Disposes of what a scope has, but for what is in its result: that is the owners' now. */
  #finish<R>(result: R, scope: Scope, owners: readonly Scope[]): R {
    try {
      const objects = objectsIn(result);
      this.#lending.refuse(objects, scope.tensors);
      for (const object of objects) {
        const tensor = object as Tensor;
        if (!scope.tensors.delete(tensor)) continue;
        this.keep(tensor);
        for (const owner of owners) if (owner.open) owner.tensors.add(tensor);
      }
      return result;
    } finally {
      this.#end(scope);
    }
  }

  /** Disposes of what no other call will. */
  #end(scope: Scope): void {
    scope.open = false;
    this.running -= 1;
    const others = this.#open();
    for (const tensor of scope.tensors) if (!others.some(({ tensors }) => tensors.has(tensor))) tensor.dispose();
  }

  /** The calls that what runs now may belong to: the innermost on the stack, else those that may have gone on. */
  #owners(): readonly Scope[] {
    const innermost = this.#stack.at(-1);
    return innermost ? [innermost] : this.#pending().filter(({ turn }) => turn !== this.#turn);
  }

  #open(): readonly Scope[] {
    return this.#awaited.size === 0 ? this.#stack : [...this.#stack, ...this.#pending()];
  }

  /** Those whose promises are awaited. */
  #pending(): readonly Scope[] {
    const scopes: Scope[] = [];
    for (const ref of this.#awaited) {
      const scope = ref.deref();
      if (scope) scopes.push(scope);
      else if (this.#awaited.delete(ref)) this.running -= 1;
    }
    return scopes;
  }

  /** The step is queued before a function is called, and thus before whatever that awaits. */
  #stepLater(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    Promise.resolve().then(() => {
      this.#stepping = false;
      this.#turn += 1;
    });
  }
}

function call<R>(fn: () => R): R {
  try {
    return fn();
  } catch (cause) {
    if (!NEEDS_NEW.test(Function.prototype.toString.call(fn))) throw cause;
    throw new RMSNormError('INVALID_OPTION', `tidy() takes a function, got a class: ${show(fn)}`, { cause });
  }
}

/** How a class is written, and a constructor of the engine's. They throw before anything of theirs runs. */
const NEEDS_NEW = /^(class\b|function [A-Z]\w*\(\)\s*\{\s*\[native code\])/;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  try {
    return isObject && typeof (value as { then?: unknown }).then === 'function';
  } catch {
    // A getter, or a Proxy, that throws: no promise does.
    return false;
  }
}
