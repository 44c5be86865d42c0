import { type BackendProvider, type ProbeResult, show } from '@rmsnorm/core';
import { describeError, isInstance, Late } from '../case/failure.ts';
import { within } from './timers.ts';

/** What `probe()` says; an error where it throws, though it never should, or says nothing in time. */
export async function probed(provider: BackendProvider, timeout: number): Promise<ProbeResult | Error> {
  try {
    const probe = await within(
      timeout,
      (async () => provider.probe())(),
      () => new Late(`probe() did not come back within ${timeout} ms`),
    );
    if (typeof probe?.ok === 'boolean') return probe;
    return new Error(`probe() gave ${show(probe)}: it must give { ok: true, device } or { ok: false, code, reason }`);
  } catch (error) {
    return isInstance(error, Late) ? error : new Error(`probe() never throws, but it ${describeError(error)}`);
  }
}
