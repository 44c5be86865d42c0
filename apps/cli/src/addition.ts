import type { ProbeResult } from '@rmsnorm/core';

/**
 * What is said of a package that is not installed with this one, as it is large and not for every machine; null where it
 * was added.
 */
export function missingAddition(specifier: string): (ProbeResult & { ok: false }) | null {
  try {
    import.meta.resolve(specifier);
    return null;
  } catch {
    return {
      ok: false,
      code: 'MODULE_NOT_FOUND',
      reason: `the npm package ${specifier} is not installed`,
      hint: `add it beside this one: npm install --global @rmsnorm/cli ${specifier}, or npx --package @rmsnorm/cli --package ${specifier} rmsnorm`,
    };
  }
}
