/** A driver's buffer: bytes at a device address. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
  /** Whether it came from the allocator, to which `free` returns it. Wrapped memory stays the caller's. */
  readonly owned: boolean;
  /** A graph that was captured on it cannot be launched any more. */
  freed: boolean;
}

export function addressOf(block: Block | null): number {
  return block === null ? 0 : block.address;
}
