// Type arguments that select a variant of a generic function at compile time.

/** The 16-bit dtypes, as integers of their size: the sign of the integer tells them apart. */
export type Float16 = u16;
export type BFloat16 = i16;

/** Whether the type argument is `BFloat16`. The branch that is not taken is not compiled. */
// @ts-ignore: decorator
@inline
export function isBFloat16<T>(): bool {
  return isSigned<T>();
}

/** An option, such as a beta, that is there or not. */
export type With = f32;
export type Without = i32;

/** Whether the type argument is `With`. The branch that is not taken is not compiled. */
// @ts-ignore: decorator
@inline
export function has<T>(): bool {
  return isFloat<T>();
}
