import { RMSNormError } from '../values/errors.ts';
import type { Operand } from './operations.ts';

/** Where a block of memory is, in bytes. */
export interface AddressRange {
  readonly address: number;
  readonly bytes: number;
}

/**
 * Refuses outputs that share bytes with another operand, for backends whose memory has addresses: blocks of an allocator never do, wrapped
 * memory may. An output may be the very memory of an input that OPERATIONS allows for it.
 * @param operands those of the operation: `OPERATIONS[op].operands`
 * @param ranges theirs, in the same order; null for one that is not given
 * @param textOf an address as messages show it
 * @throws RMSNormError ALIASING
 */
export function refuseOverlaps(
  operands: readonly Operand[],
  ranges: readonly (AddressRange | null)[],
  textOf: (address: number) => string = String,
): void {
  const place = ({ address, bytes }: AddressRange): string => `${bytes} bytes from ${textOf(address)} on`;
  operands.forEach(({ name, role, mayBe }, i) => {
    const output = ranges[i];
    if (role === 'input' || !output) return;
    operands.forEach((other, k) => {
      const range = ranges[k];
      if (k === i || !range || (range.address === output.address && mayBe.includes(other.name))) return;
      if (output.address < range.address + range.bytes && range.address < output.address + output.bytes) {
        throw new RMSNormError(
          'ALIASING',
          `${name} (${place(output)}) and ${other.name} (${place(range)}) overlap: give ${name} memory of its own`,
        );
      }
    });
  });
}
