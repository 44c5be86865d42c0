// The interface of backends, as both entries of the package export it.

export type * from './driver.ts';
export type * from './io.ts';
export {
  type Extent,
  OPERATIONS,
  OPS,
  type Operand,
  type OperandName,
  type Operation,
  type Presence,
} from './operations.ts';
export { type AddressRange, refuseOverlaps } from './overlap.ts';
export type { Casting, EpsMode, Problem } from './problem.ts';
export {
  type Accuracy,
  FEATURES,
  type Feature,
  GUARANTEES,
  type Guarantee,
  type Supports,
} from './supports.ts';
