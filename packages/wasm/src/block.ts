/** A driver's buffer: bytes at an address of the WebAssembly memory. */
export interface Block {
  readonly address: number;
  readonly bytes: number;
  /** Whether `free` gives it back: what was wrapped stays the caller's. */
  readonly owned: boolean;
}
