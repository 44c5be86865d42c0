// Codes of the dtypes: those of DType in descriptor.ts, less 1.
export const FLOAT32: i32 = 0;
export const FLOAT16: i32 = 1;

// Types that specialize a generic kernel for a dtype of 16 bits: `isSigned` tells them apart.
export type Float16 = u16;
export type BFloat16 = i16;

// Types that specialize a generic kernel for an option.
export type With = f32;
export type Without = i32;

/** Whether the type argument is `With`: known at compile time, so that the other branch is never compiled. */
// @ts-ignore: decorator
@inline
export function has<T>(): bool {
  return isFloat<T>();
}
