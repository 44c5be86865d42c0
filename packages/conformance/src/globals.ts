// Math and Number for what loops over elements, taken once. In a sandbox such as Jest's, every use of a global is a call out of it,
// and the suite took twelve times as long.

const math: typeof globalThis.Math = globalThis.Math;
const number: typeof globalThis.Number = globalThis.Number;

export { math as Math, number as Number };
