/** The end of an exhaustive `switch`: a value that is added to the choice does not compile until it has a case. */
export function unreachable(value: never): never {
  throw new Error(`no case for ${value}`);
}
