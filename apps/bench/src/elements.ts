/** Elements of an input or output: numbers in float32 and int8, raw bits in 16-bit types. */
export type Elements = Float32Array | Uint16Array | Int8Array;

/** Elements of x, gate and the like. */
export type FloatElements = Float32Array | Uint16Array;

/** What an operation reads beside x. */
export type SecondInput = 'residual' | 'gate' | 'dy';

/** x and, where the operation has one, its second input: by name. */
export type Inputs = { readonly x: FloatElements } & { readonly [name in SecondInput]?: FloatElements };
