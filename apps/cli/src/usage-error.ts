/** Wrong usage: exit code 2. The message names the option and the way out. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
