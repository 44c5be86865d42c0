// By hand, as every dependency is one of each installation.

/** `1.5 GB`, in powers of 1000 as rates are. */
export function showBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${significant(value)} ${units[unit]}`;
}

/** `12.3 GB/s`. */
export function showRate(bytes: number, seconds: number): string {
  return `${showBytes(Math.round(bytes / Math.max(seconds, 1e-9)))}/s`;
}

/** `812 us`, `4.1 ms`, `2.5 s`, `3 min 5 s`, `2 h 10 min`. */
export function showSeconds(seconds: number): string {
  if (seconds < 999.5e-6) return `${significant(seconds * 1e6)} us`;
  if (seconds < 0.9995) return `${significant(seconds * 1e3)} ms`;
  if (seconds < 59.95) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** `1,234,567`. */
export function showCount(count: number): string {
  return count.toLocaleString('en-US');
}

/**
 * Three significant digits: 0.0123, 4.10, 812; more where the number is larger, and an exponent where it is far from 1.
 */
export function significant(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-3) return value.toExponential(2);
  if (magnitude >= 99.95) return value.toFixed(0);
  const digits = 2 - Math.floor(Math.log10(magnitude));
  return value.toFixed(Math.max(0, Number(value.toFixed(digits)) >= 10 ** (3 - digits) ? digits - 1 : digits));
}
