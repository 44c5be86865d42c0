/** Wrong usage, with exit code 2. The message names the option and says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
