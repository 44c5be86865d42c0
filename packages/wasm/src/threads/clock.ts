/** Milliseconds since some time. */
export const now = (): number => performance.now();
declare const performance: { now(): number };
