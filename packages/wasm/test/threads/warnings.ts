/** What this package said in the console: core may say there that a tensor was dropped, whenever the collector comes by. */
export function warningsIn(calls: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return calls.filter(([text]) => String(text).startsWith('@rmsnorm/wasm: '));
}
