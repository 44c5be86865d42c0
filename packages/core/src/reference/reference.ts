import type { Backend, BackendProvider } from '../backend/backend.ts';
import { createBackend } from '../backend/create-backend.ts';
import { type SignalOptions, signalOf, throwIfAborted } from '../values/abort.ts';
import { refuseMore } from '../values/arguments.ts';
import { ReferenceDriver } from './driver.ts';

/** The specification as a backend: clear, in float64, every option, on every engine; not made for speed. */
export function reference(): BackendProvider {
  if (arguments.length > 0) refuseMore(arguments, 0, 'reference()');
  return {
    name: 'reference',
    apiVersion: 1,
    probe: async () => ({ ok: true, device: new ReferenceDriver().device }),
    async create(options?: SignalOptions): Promise<Backend> {
      if (arguments.length > 1) refuseMore(arguments, 1, 'create({ signal })');
      throwIfAborted(signalOf(options, "create()'s options"));
      return createBackend(new ReferenceDriver());
    },
  };
}
