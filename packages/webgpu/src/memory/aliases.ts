import { RMSNormError } from '@rmsnorm/core';
import type { Signature } from '../signatures.ts';
import { type Block, overlap } from './block.ts';

/** How the operands of a call share memory: what a plan must know, and what has to be copied first. */
export interface Aliases {
  /** The same for calls that share in the same way. */
  readonly key: string;
  /** See Operands in plan.ts. */
  readonly inPlace: Readonly<Record<string, string>>;
  readonly writable: ReadonlySet<string>;
  /** Positions of inputs that cannot be bound beside the rest: a copy of each is bound instead. */
  readonly copied: readonly number[];
}

export const NO_ALIASES: Aliases = { key: '', inPlace: {}, writable: new Set(), copied: [] };

/**
 * WebGPU takes one buffer in one dispatch either for reading, as often as one likes, or for writing, in ranges that do
 * not overlap. So an input in the buffer of an output is bound for writing too; and where it is an output's very
 * memory, once for both.
 * @throws RMSNormError ALIASING where an output overlaps what it may not, or in part
 */
export function aliasesOf(signature: Signature, blocks: readonly (Block | null)[]): Aliases {
  return shared(signature, blocks) ? resolve(signature, blocks) : NO_ALIASES;
}

/** Whether any output has its buffer in common with anything: most calls do not. */
function shared({ inputs }: Signature, blocks: readonly (Block | null)[]): boolean {
  for (let output = inputs; output < blocks.length; output++) {
    const memory = blocks[output]?.memory;
    if (memory === undefined) continue;
    for (let other = 0; other < output; other++) if (blocks[other]?.memory === memory) return true;
  }
  return false;
}

function resolve({ names, inputs, mayBe }: Signature, blocks: readonly (Block | null)[]): Aliases {
  const inPlace: Record<string, string> = {};
  const writable = new Set<string>();
  const copied: number[] = [];
  const bound: Block[] = [];
  const bases = new Set<number>();

  for (let o = inputs; o < blocks.length; o++) {
    const output = blocks[o];
    if (!output) continue;
    const name = names[o]!;
    for (let other = 0; other < o; other++) {
      const block = blocks[other];
      if (!block || !overlap(block, output)) continue;
      const allowed = other < inputs && mayBe[name]!.includes(names[other]!);
      const same = block.offset === output.offset && block.bytes === output.bytes;
      if (!allowed || !same) throw aliasing(name, output, names[other]!, block);
      if (inPlace[name] !== undefined) continue;
      inPlace[name] = names[other]!;
      bases.add(other);
    }
    bound.push(output);
  }
  for (let i = 0; i < inputs; i++) {
    const input = blocks[i];
    if (!input || bases.has(i) || !bound.some(({ memory }) => memory === input.memory)) continue;
    if (bound.some((other) => overlap(other, input))) {
      copied.push(i);
    } else {
      writable.add(names[i]!);
      bound.push(input);
    }
  }
  const key = `${Object.entries(inPlace).join(';')}|${[...writable]}|${copied}`;
  return { key, inPlace, writable, copied };
}

function aliasing(name: string, output: Block, otherName: string, other: Block): RMSNormError {
  const place = ({ bytes, offset }: Block): string => `${bytes} bytes from ${offset} on`;
  return new RMSNormError(
    'ALIASING',
    `${name === 'y' ? 'out' : name} (${place(output)}) and ${otherName} (${place(other)}) overlap in one GPUBuffer: give ${name === 'y' ? 'out' : name} memory of its own`,
  );
}
