import { type Backend, type BackendProvider, messageOf, type Op, type Supports, show } from '@rmsnorm/core';
import { ConformanceFailure, isInstance, Late } from '../case/failure.ts';
import type { BackendFacts } from '../report/report.ts';
import { within } from './timers.ts';

/** A backend, and what it said of itself when it started. */
export interface Started extends BackendFacts {
  readonly instance: Backend;
}

/** Starts a backend of `provider`; rejects with what `create()` rejects with, and where it does not give a backend in time. */
export async function startBackend(provider: BackendProvider, timeout: number): Promise<Started> {
  const creation = (async () => provider.create())();
  let late = false;
  const instance = await within(timeout, creation, () => {
    late = true;
    return new Late(`create() did not come back within ${timeout} ms`);
  }).finally(() => {
    if (late) creation.then((backend) => backend.dispose()).catch(() => {});
  });
  return { instance, ...factsOf(instance) };
}

/** The backend's own words, as plain data: its getters may give something else the next time, or throw. */
function factsOf(backend: Backend): BackendFacts {
  try {
    return readFacts(backend);
  } catch (error) {
    if (isInstance(error, ConformanceFailure)) throw error;
    throw new ConformanceFailure(`the backend that create() gave cannot be read: ${messageOf(error)}`);
  }
}

function readFacts(backend: Backend): BackendFacts {
  if (typeof backend !== 'object' || backend === null) {
    throw new ConformanceFailure(
      `create() gave ${show(backend)}: it must give a backend, which createBackend(driver) makes`,
    );
  }
  const { name, device, supports } = backend;
  if (typeof name !== 'string' || typeof device !== 'string' || typeof supports !== 'object' || supports === null) {
    throw new ConformanceFailure(
      `create() gave ${show(backend)}: a backend has a name, a device and supports; createBackend(driver) makes one`,
    );
  }
  return { backend: name, device, supports: manifestOf(supports) };
}

function manifestOf(supports: Supports): Supports {
  const { ops, dtypes, accuracy, features, promises, limits } = supports;
  for (const [name, list] of Object.entries({ ops, dtypes, features, promises })) {
    if (!Array.isArray(list) || list.some((entry) => typeof entry !== 'string')) {
      throw new ConformanceFailure(`supports.${name} must be an array of names, got ${show(list)}`);
    }
  }
  return {
    ops: [...ops],
    dtypes: [...dtypes],
    accuracy,
    features: [...features],
    promises: [...promises],
    ...(limits && { limits: limitsOf(limits) }),
  };
}

function limitsOf(limits: NonNullable<Supports['limits']>): NonNullable<Supports['limits']> {
  const entries = Object.entries(limits).map(([op, { dtypes, features }]) => [
    op as Op,
    { ...(dtypes && { dtypes: [...dtypes] }), ...(features && { features: [...features] }) },
  ]);
  return Object.fromEntries(entries);
}
