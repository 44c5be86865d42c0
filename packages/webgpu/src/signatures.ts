import { OPERATIONS, type Op } from '@rmsnorm/core';

/** The operands of an operation by their position: core's table as it is looked up at every call. */
export interface Signature {
  readonly op: Op;
  /** As core's driver interface calls them: inputs first, then outputs. */
  readonly names: readonly string[];
  /** How many of them are inputs. */
  readonly inputs: number;
  /** For each output, the inputs whose very memory it may be. */
  readonly mayBe: Readonly<Record<string, readonly string[]>>;
}

export const SIGNATURES: { readonly [O in Op]: Signature } = {
  forward: signatureOf('forward'),
  addForward: signatureOf('addForward'),
  gatedForward: signatureOf('gatedForward'),
  backward: signatureOf('backward'),
  sumSquares: signatureOf('sumSquares'),
  scaleBy: signatureOf('scaleBy'),
  forwardQuantized: signatureOf('forwardQuantized'),
};

function signatureOf(op: Op): Signature {
  const { operands } = OPERATIONS[op];
  const outputs = operands.filter(({ role }) => role === 'output');
  return {
    op,
    names: operands.map(({ name }) => name),
    inputs: operands.length - outputs.length,
    mayBe: Object.fromEntries(outputs.map(({ name, mayBe }) => [name, mayBe])),
  };
}
