/*
 * `Disposable` and `AsyncDisposable`, for all whose TypeScript has no `esnext.disposable` in `lib` too: there they are
 * objects without further members.
 */

type SymbolNamed<Name extends string> = SymbolConstructor extends { readonly [N in Name]: infer S extends symbol }
  ? S
  : never;

/** What `using` takes. */
export type DisposableLike = { readonly [S in SymbolNamed<'dispose'>]: () => void };

/** What `await using` takes. */
export type AsyncDisposableLike = { readonly [S in SymbolNamed<'asyncDispose'>]: () => Promise<void> };
