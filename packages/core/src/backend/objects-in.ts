import { isTensor } from './internals.ts';

/** All objects in a value: itself, or in objects, arrays, functions, Maps and Sets, however deep; not what is in a tensor. */
export function objectsIn(of: unknown): ReadonlySet<object> {
  const seen = new Set<object>();
  const left: unknown[] = [of];
  while (left.length > 0) {
    const value = left.pop();
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
    seen.add(value);
    if (!isTensor(value)) for (const part of partsOf(value)) left.push(part);
  }
  return seen;
}

/**
 * What an object holds: its own properties, and the entries of a Map or a Set. Not whatever can be iterated: a generator
 * would be used up. Nothing of a Proxy that was revoked, and not what getters give.
 */
function partsOf(value: object): unknown[] {
  if (ArrayBuffer.isView(value)) return [];
  const parts: unknown[] = [];
  for (const Collection of [Map, Set]) {
    try {
      Collection.prototype.forEach.call(value as never, (entry: unknown, key: unknown) => void parts.push(entry, key));
    } catch {
      // It is none.
    }
  }
  try {
    for (const key of Reflect.ownKeys(value)) parts.push(Object.getOwnPropertyDescriptor(value, key)?.value);
  } catch {
    // A Proxy that does not say.
  }
  return parts;
}
