// The parts of the built package that its index does not export: the addon itself stands behind them.

const base = import.meta.resolve('@rmsnorm/cuda');
const part = (name) => import(new URL(`./${name}.js`, base).href);

const [{ providerOf }, { checkedOptions }, { loadNative }, { OP, DTYPE }] = await Promise.all(
  ['provider', 'options', 'load-native', 'fields'].map(part),
);

const loaded = loadNative();

/** Why there is no addon; null: there is one. */
export const missing = 'code' in loaded ? loaded : null;

/** The addon. */
export const native = loaded;

/** The names of operations and dtypes by their codes. */
export const OP_NAMES = Object.entries(OP)
  .toSorted((a, b) => a[1] - b[1])
  .map(([name]) => name);
export const DTYPE_NAMES = Object.entries(DTYPE)
  .toSorted((a, b) => a[1] - b[1])
  .map(([name]) => name);

/** A provider of backends, whose addon is `seen`, which may be `native` with more around it. */
export function providerOn(device, seen = native) {
  return providerOf(checkedOptions({ device }), () => seen);
}

/** What the addon calls a device: its number, and which emulated one it is, or null. */
export function nativeDevice(given) {
  const { device, emulated } = checkedOptions({ device: given });
  return { device, emulated };
}
