/** How many threads each candidate of this page may use: `?threads=N` in its address. */
export const THREADS: number = Number(new URLSearchParams(location.search).get('threads') ?? 1);

// Imported first: jax-js starts as many workers as there are cores when it is loaded, and has no option for it.
if (THREADS === 1) Reflect.set(globalThis, 'Worker', undefined);
Object.defineProperty(navigator, 'hardwareConcurrency', { value: THREADS });
