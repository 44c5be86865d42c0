import { messageOf } from '@rmsnorm/core';

/** A promise that does not hold: the message is for the author of the backend. */
export class ConformanceFailure extends Error {
  override readonly name = 'ConformanceFailure';
}

/** What did not come back in time. It says nothing about the backend's next call, unlike a {@link ConformanceFailure}. */
export class Late extends Error {
  override readonly name = 'Late';
}

/** Throws a {@link ConformanceFailure} unless `condition` holds. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new ConformanceFailure(typeof message === 'string' ? message : message());
}

/** `instanceof` for what a driver may have thrown: a Proxy whose traps throw is an instance of nothing. */
export function isInstance<T>(value: unknown, kind: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof kind;
  } catch {
    return false;
  }
}

/** A message may hold what a driver wrote, which has no limit. */
const MOST_CHARACTERS = 8000;

/** What was thrown, in one string: own failures as they are, anything else with its name, codes and stack. Never throws. */
export function describeError(error: unknown): string {
  const own = isInstance(error, ConformanceFailure) || isInstance(error, Late);
  const text = own ? error.message : describeThrown(error);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)} ...` : text;
}

function describeThrown(error: unknown): string {
  if (isInstance(error, Error)) return `threw ${stackOf(error)}`;
  return `threw ${describeValue(error)}, which is not an Error`;
}

/** The stack; where it cannot be read, or is no string, what else there is. */
function stackOf(error: Error): string {
  try {
    const { stack } = error;
    if (typeof stack === 'string' && stack !== '') return firstLines(stack);
    return `${error.name}: ${error.message}`;
  } catch {
    return `an Error whose stack cannot be read: ${messageOf(error)}`;
  }
}

function describeValue(value: unknown): string {
  try {
    return `${typeof value} ${String(value)}`;
  } catch {
    // A Proxy, or an object without a string.
    return typeof value;
  }
}

function firstLines(stack: string): string {
  const lines = stack.split('\n');
  return lines.length > 8 ? [...lines.slice(0, 8), '    ...'].join('\n') : stack;
}
