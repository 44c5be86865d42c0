const FULL = '█';

/** A bar from the left, of `part` of `width`, in halves of a character; at least a sliver. */
export function bar(part: number, width: number): string {
  const halves = Math.max(1, Math.round(part * width * 2));
  return (FULL.repeat(Math.floor(halves / 2)) + (halves % 2 === 1 ? '▌' : '')).padEnd(width);
}

/** A bar from a middle line to the right, or for a negative value to the left; `part` in -1 to 1, `width` for each side. */
export function signedBar(part: number, width: number): string {
  const halves = Math.min(2 * width, Math.round(Math.abs(part) * width * 2));
  const [full, half] = [FULL.repeat(Math.floor(halves / 2)), halves % 2 === 1];
  if (part < 0) return `${((half ? '▐' : '') + full).padStart(width)}│${' '.repeat(width)}`;
  return `${' '.repeat(width)}│${(full + (half ? '▌' : '')).padEnd(width)}`;
}
