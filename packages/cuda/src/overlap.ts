import { type Operand, RMSNormError } from '@rmsnorm/core';
import type { Block } from './block.ts';

/**
 * Refuses outputs that share bytes with another operand. Blocks of the allocator never do, wrapped memory may.
 * @param blocks the operands, in the order of `operands`
 * @throws RMSNormError ALIASING
 */
export function refuseOverlaps(operands: readonly Operand[], blocks: readonly (Block | null)[]): void {
  operands.forEach(({ name, role, mayBe }, i) => {
    const output = blocks[i];
    if (role === 'input' || !output) return;
    operands.forEach((other, k) => {
      const block = blocks[k];
      if (k === i || !block || (block.address === output.address && mayBe.includes(other.name))) return;
      if (output.address < block.address + block.bytes && block.address < output.address + output.bytes) {
        throw new RMSNormError(
          'ALIASING',
          `${name} (${textOf(output)}) and ${other.name} (${textOf(block)}) overlap: give ${name} memory of its own`,
        );
      }
    });
  });
}

function textOf({ address, bytes }: Block): string {
  return `${bytes} bytes from 0x${address.toString(16)} on`;
}
