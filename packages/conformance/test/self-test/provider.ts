import { type Backend, type BackendProvider, createBackend, type Driver } from '@rmsnorm/core';

/** A provider of backends over fresh drivers; `disguise` stands between a backend and its user. */
export function providerOf<B>(
  createDriver: () => Driver<B>,
  disguise: (backend: Backend) => Backend = (backend) => backend,
): BackendProvider {
  const { name, device } = createDriver();
  return {
    name,
    apiVersion: 1,
    probe: async () => ({ ok: true, device }),
    create: async ({ signal } = {}) => {
      if (signal?.aborted) throw signal.reason;
      return disguise(createBackend(createDriver()));
    },
  };
}

/** `backend` with some members replaced. */
export function disguised(backend: Backend, members: Partial<Backend>): Backend {
  return new Proxy(backend, {
    get(target, key) {
      const value: unknown = Reflect.get(key in members ? members : target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
