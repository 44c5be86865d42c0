/** A promise that does not hold: the message is for the author of the backend. */
export class ConformanceFailure extends Error {
  override readonly name = 'ConformanceFailure';
}

/** Throws a {@link ConformanceFailure} unless `condition` holds. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new ConformanceFailure(typeof message === 'string' ? message : message());
}

/** What was thrown, in one string: own failures as they are, anything else with its name, codes and stack. */
export function describeError(error: unknown): string {
  if (error instanceof ConformanceFailure) return error.message;
  if (error instanceof Error) return `threw ${firstLines(error.stack ?? `${error.name}: ${error.message}`)}`;
  return `threw ${describeValue(error)}, which is not an Error`;
}

function describeValue(value: unknown): string {
  try {
    return `${typeof value} ${String(value)}`;
  } catch {
    return typeof value;
  }
}

function firstLines(stack: string): string {
  const lines = stack.split('\n');
  return lines.length > 8 ? [...lines.slice(0, 8), '    ...'].join('\n') : stack;
}
