/**
 * The suite in two files of about the same length, for two cores: most of its time goes into compiling shaders, and
 * those of the operations that do something beside the norm are others than those of the rest.
 */
export function isFused(id: string): boolean {
  return /^(addForward|gatedForward|forwardQuantized|scaleBy)\//.test(id);
}

/** Milliseconds for one case: one that draws random shapes has SwiftShader compile dozens of shaders. */
export const TIMEOUT = 300_000;
