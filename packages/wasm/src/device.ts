/** One thread, in words. */
export const DEVICE = 'WebAssembly SIMD, one thread';

/** Whether the warning was given, which is given once. */
let warned = false;

/**
 * One thread does the work of several: says so in the console, once, and in the name of the device, which it returns.
 * @param hint what to do about it, to follow the reason
 */
export function oneThreadFor(threads: number, why: string, hint = ''): string {
  const device = `${DEVICE}, not ${threads}: ${why}`;
  const { console } = globalThis as { console?: { warn(message: string): void } };
  if (!warned) console?.warn(`@rmsnorm/wasm: ${device}${hint}`);
  warned = true;
  return device;
}
