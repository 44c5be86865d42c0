const OPERATIONS = /^(addForward|gatedForward|backward|sumSquares|scaleBy|forwardQuantized|supports)\//;

/** What is about bits, memory or refusals: there the size of an error plays no part. */
const BITS = /\/(invariance|isolation|errors|empty|both-sides|manifest):/;

/** Cases of the operations other than forward. */
export function isOfOperations(id: string): boolean {
  return OPERATIONS.test(id);
}

/** Those that hold results to a bound. */
export function isBounded(id: string): boolean {
  return isOfOperations(id) && !BITS.test(id);
}
