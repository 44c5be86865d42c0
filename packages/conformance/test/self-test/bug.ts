import type { BackendProvider } from '@rmsnorm/core';
import type { PlainDriver } from './plain-driver.ts';

/** A wrong backend, and where the suite is to see it. */
export interface Bug {
  readonly name: string;
  /** What the code does instead, in one sentence. */
  readonly fault: string;
  /** Ids of cases made for this kind of fault: one of them must fail. */
  readonly caughtBy: RegExp;
  /** The plain driver with this one fault; where the fault lies outside of a driver, a provider with it. */
  readonly planted: (new () => PlainDriver) | (() => BackendProvider);
}
