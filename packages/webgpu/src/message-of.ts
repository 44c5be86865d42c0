/** What WebGPU threw, in words: anything at all, as it may be handed in by the caller. */
export function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.message}` : String(error);
  } catch {
    return 'an error that cannot be shown';
  }
}
