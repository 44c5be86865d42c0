// Codes of the dtypes, as in src/kernels.ts.
export const FLOAT32: i32 = 0;
export const FLOAT16: i32 = 1;
export const BFLOAT16: i32 = 2;
