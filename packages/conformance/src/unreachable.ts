/** Ends a `switch` over all values of a type: a value that the type gains does not compile until it has a case. */
export function unreachable(value: never): never {
  throw new TypeError(`there is no case for ${String(value)}`);
}
