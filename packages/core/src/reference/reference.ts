import type { Backend, BackendProvider } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { type AbortSignalLike, throwIfAborted } from '../values/abort.ts';
import { ReferenceDriver } from './driver.ts';

/** The specification as a backend: clear, in float64, every option, on every engine; not made for speed. */
export function reference(): BackendProvider {
  return {
    name: 'reference',
    apiVersion: 1,
    probe: async () => ({ ok: true, device: new ReferenceDriver().device }),
    create: async ({ signal }: { signal?: AbortSignalLike } = {}): Promise<Backend> => {
      throwIfAborted(signal);
      return createBackend(new ReferenceDriver());
    },
  };
}
