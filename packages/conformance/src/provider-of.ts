import { type BackendProvider, RMSNormError } from '@rmsnorm/core';

/**
 * The provider that a module exports as its default: the provider itself, or a function that returns it or a promise.
 * @param source what to call the module in a message
 * @throws RMSNormError INVALID_OPTION where the default export is neither
 */
export async function providerOf(module: unknown, source: string): Promise<BackendProvider> {
  const exported = (module as { default?: unknown }).default;
  const provider: unknown = typeof exported === 'function' ? await exported() : exported;
  if (isProvider(provider)) return provider;
  const found = exported === undefined ? 'there is none' : `it is ${describe(exported, provider)}`;
  throw new RMSNormError(
    'INVALID_OPTION',
    `the default export of ${source} must be a provider { name, apiVersion: 1, probe, create } or a function that returns one; ${found}`,
  );
}

function isProvider(value: unknown): value is BackendProvider {
  const { name, apiVersion, probe, create } = (value ?? {}) as Partial<BackendProvider>;
  return typeof name === 'string' && apiVersion === 1 && typeof probe === 'function' && typeof create === 'function';
}

function describe(exported: unknown, provider: unknown): string {
  const members = (value: unknown): string =>
    typeof value === 'object' && value !== null
      ? `an object with ${Object.keys(value).join(', ') || 'nothing'}`
      : typeof value;
  return typeof exported === 'function' ? `a function that returns ${members(provider)}` : members(exported);
}
