// Core has the same in `@rmsnorm/core/driver`. This package imports the root of core alone, for a page's import map has to
// name each entry that is imported.

/** The end of an exhaustive `switch`: a value that is added to the choice does not compile until it has a case. */
export function unreachable(value: never): never {
  throw new Error(`no case for ${value}`);
}
