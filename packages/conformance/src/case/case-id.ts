/** `family:name=value,...`: the id of a case. */
export function caseId(family: string, parameters: Readonly<Record<string, string | number>>): string {
  const list = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return `${family}:${list.join(',')}`;
}

/** A shape, or the lengths of some axes, as it stands in an id: `2x4096`. */
export function showShape(shape: number | readonly number[]): string {
  return typeof shape === 'number' ? String(shape) : shape.join('x');
}
