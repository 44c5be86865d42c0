import { RMSNormError } from '@rmsnorm/core';
import { OPERATIONS } from '../operations/all.ts';
import { dtypeOf, type Trial } from './trial.ts';

/** A trial as one line of JSON, its elements in hexadecimal. */
export function formatTrial(trial: Trial): string {
  const inputs = Object.entries(trial.inputs).map(([name, bits]) => {
    const digits = bits.BYTES_PER_ELEMENT * 2;
    return [name, Array.from(bits, (value) => value.toString(16).padStart(digits, '0')).join(' ')];
  });
  return JSON.stringify({ ...trial, inputs: Object.fromEntries(inputs) });
}

/**
 * What {@link formatTrial} wrote.
 * @throws RMSNormError INVALID_OPTION where the text is no trial
 */
export function parseTrial(text: string): Trial {
  const trial = parsed(text);
  const known = typeof trial === 'object' && trial !== null && Object.hasOwn(OPERATIONS, (trial as Trial).op);
  if (!known || typeof (trial as Trial).inputs !== 'object' || (trial as Trial).inputs === null) {
    throw new RMSNormError(
      'INVALID_OPTION',
      'a trial is the JSON that --fuzz printed: { "op", "dtype", "inputs", ... }',
    );
  }
  const { inputs, ...rest } = trial as Trial & { inputs: Record<string, string> };
  const bits = Object.entries(inputs).map(([name, hex]) => {
    const values = hex.split(' ').map((digits) => Number.parseInt(digits, 16));
    return [name, dtypeOf(rest, name) === 'float32' ? Uint32Array.from(values) : Uint16Array.from(values)];
  });
  return { ...rest, inputs: Object.fromEntries(bits) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
