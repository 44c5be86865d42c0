/**
 * An own property of each preset, its name: `{ dim, ...presets.llama }` copies it from the function, and nothing else.
 * By Symbol.for, so that two copies of this package refuse each other's.
 */
export const UNCALLED: unique symbol = Symbol.for('@rmsnorm/core/uncalled-preset') as never;

/** The name of the preset that `options` is, or was spread from, or null. */
export function uncalledPreset(options: unknown): string | null {
  try {
    const name = (options as { readonly [UNCALLED]?: unknown } | null | undefined)?.[UNCALLED];
    return typeof name === 'string' ? name : null;
  } catch {
    // A Proxy that throws, which the check of the keys says.
    return null;
  }
}
