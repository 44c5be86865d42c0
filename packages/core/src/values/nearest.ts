/** Longer names are compared by their beginnings. */
const MOST_CHARACTERS = 128;

/** Of some known names the one that is most like `name`: what a person may have meant. */
export function nearest<T extends string>(name: string, known: readonly T[]): T | undefined {
  const wanted = normal(name);
  let best: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const far = distance(wanted, normal(candidate));
    if (far < least) {
      best = candidate;
      least = far;
    }
  }
  return best;
}

/** Case and the characters between words make no other name: `norm_before_gate` is normBeforeGate. */
function normal(name: string): string {
  const whole = name.slice(0, MOST_CHARACTERS).toLowerCase();
  return whole.replace(/[^\p{L}\p{N}]/gu, '') || whole;
}

/** How many characters to insert, remove or replace; one name that begins with the other is nearer: `epsilon` is eps. */
function distance(a: string, b: string): number {
  if (a.startsWith(b) || b.startsWith(a)) return Math.min(1, Math.abs(a.length - b.length));
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
