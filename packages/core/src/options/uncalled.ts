/**
 * An own property of each preset, its name: `{ dim, ...presets.llama }` copies it from the function, and nothing else.
 * By Symbol.for, so that two copies of this package refuse each other's.
 */
export const UNCALLED: unique symbol = Symbol.for('@rmsnorm/core/uncalled-preset') as never;

/** Another such property, for whoever copies by a loop over the keys, which has no symbols. */
export const UNCALLED_KEY = 'uncalledPreset';

/** The name of the preset that `options` is, or was spread from, or null. */
export function uncalledPreset(options: unknown): string | null {
  try {
    const marked = options as { readonly [UNCALLED]?: unknown; readonly [UNCALLED_KEY]?: unknown } | null | undefined;
    const name = marked?.[UNCALLED] ?? marked?.[UNCALLED_KEY];
    return typeof name === 'string' ? name : null;
  } catch {
    // A Proxy that throws, which the check of the keys says.
    return null;
  }
}
