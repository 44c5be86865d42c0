/**
 * A promise that is awaited later: its rejection waits until then. Whatever throws in between would leave it without a
 * handler, which ends a process.
 */
export function started<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
