import type { Named } from '../operations/operation-model.ts';

/** Where a call's results go, and which of its inputs are one tensor. */
export interface Place {
  /** Whether results go into tensors of the caller, that hold other numbers. */
  readonly given: boolean;
  /** Outputs that take the memory of an input. */
  readonly inputOf: Named<string>;
  /** Inputs for which the tensor of another is given. */
  readonly twinOf: Named<string>;
}

/** What a name in the plan means: `fresh`, `given`, `y in x, sum in residual`, `dsum is dy is x`. */
export function placeOf(name: string): Place {
  const inputOf: Record<string, string> = {};
  const twinOf: Record<string, string> = {};
  for (const part of name.split(', ')) {
    const [output, input] = part.split(' in ');
    if (input !== undefined) inputOf[output!] = input;
    const same = part.split(' is ');
    for (const twin of same.slice(0, -1)) twinOf[twin] = same.at(-1)!;
  }
  return { given: name === 'given', inputOf, twinOf };
}
