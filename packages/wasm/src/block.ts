/** A driver's buffer: bytes at an address of the WebAssembly memory. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
  /** Whether it came from the allocator, to which `free` returns it. Wrapped memory stays the caller's. */
  readonly owned: boolean;
}
