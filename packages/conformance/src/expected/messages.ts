/** A number for a message: all of an integer, nine digits of any other. */
export function show(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : String(Number(value.toPrecision(9)));
}

/** Beyond this, how many units a value is off by says no more than the difference. */
const MOST_UNITS = 1e8;

/**
 * How far `got` is from `exact`, in `unit`s that are called `name`; as it is, where that is a number without sense: near
 * 0, every error is a great many ulp. Empty where there is no difference.
 */
export function showError(got: number, exact: number, unit: number, name: string): string {
  const difference = got - exact;
  if (!Number.isFinite(difference)) return '';
  const units = difference / unit;
  if (Math.abs(units) <= MOST_UNITS) return `, off by ${show(units)} ${name}`;
  if (exact === 0) return ', where only 0 is right';
  return `, off by ${show(difference)}: it is ${Number((got / exact).toPrecision(3))} times that`;
}

/** The index in a tensor of `shape`, for a message: `[0, 4, 16]`. */
export function showIndex(flat: number, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = flat;
  for (const length of [...shape].reverse()) {
    index.unshift(rest % length);
    rest = Math.floor(rest / length);
  }
  return `[${index.join(', ')}]`;
}
