/** Set by .ci/run: whatever a test needs of the machine must be there, and a test that lacks it fails instead of being skipped. */
const everythingRequired: boolean = process.env.RMSNORM_CI === '1';

/** Skips a test that lacks something, with the way to get it as the reason; under .ci/run it fails. */
export function lacking(skip: (note: string) => void, note: string): void {
  if (everythingRequired) throw new Error(note);
  skip(note);
}
