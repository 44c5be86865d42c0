// Types that choose among the variants of a generic function when it is compiled.

/** A dtype of 16 bits: `isSigned` tells them apart. */
export type Float16 = u16;
export type BFloat16 = i16;

/** Whether there is a beta, or the like. */
export type With = f32;
export type Without = i32;

/** Whether the type argument is `With`: known at compile time, so that the other branch is never compiled. */
// @ts-ignore: decorator
@inline
export function has<T>(): bool {
  return isFloat<T>();
}
