/** Whether the whole suite runs in every environment, or once, and elsewhere what shows that each path is there; see CONTRIBUTING.md. */
export const whole: boolean = environment().RMSNORM_WHOLE === '1';

/** Node's, or in a page what vitest.config.ts hands on. */
function environment(): Record<string, string | undefined> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  const env = (import.meta as { env?: Record<string, string> }).env;
  return { ...env, ...process?.env };
}

/** The first `count` cases of each family, by their ids (`family:parameters`): enough to show that all of a backend works here too. */
export function someOfEachFamily(ids: readonly string[], count: number): ReadonlySet<string> {
  const taken = new Map<string, number>();
  return new Set(
    ids.filter((id) => {
      const family = id.slice(0, id.indexOf(':'));
      taken.set(family, (taken.get(family) ?? 0) + 1);
      return taken.get(family)! <= count;
    }),
  );
}
