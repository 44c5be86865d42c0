// Loads and stores of the last 1 to 3 elements of a float32 row, which do not fill a vector.

/** `count` elements, 1 to 3; the other lanes are zero. Reads nothing beyond them. */
export function loadPart(p: usize, count: u32): v128 {
  if (count === 1) return v128.load32_zero(p);
  const lanes = v128.load64_zero(p);
  return count === 2 ? lanes : v128.load32_lane(p, lanes, 2, 8);
}

/** The first `count` lanes, 1 to 3. Writes nothing beyond them. */
export function storePart(p: usize, value: v128, count: u32): void {
  if (count === 1) {
    v128.store32_lane(p, value, 0);
    return;
  }
  v128.store64_lane(p, value, 0);
  if (count === 3) v128.store32_lane(p, value, 2, 8);
}
