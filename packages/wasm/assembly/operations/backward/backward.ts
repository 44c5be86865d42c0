// backward: dx of each row, and dgamma and dbeta, which are sums over all rows.

import { call } from '../../call';
import { backwardColumns } from './columns';
import { toBetaSums } from './gradient';
import { backwardRows } from './rows';

export function backward(): void {
  const sums = call.gradientSums;
  const features = call.groups * call.size;
  memory.fill(sums, 0, <usize>features << 4);
  if (call.inner > 1) backwardColumns();
  else backwardRows();
  if (call.dgamma) storeSums(sums, call.dgamma, features);
  if (call.dbeta) storeSums(sums + toBetaSums(), call.dbeta, features);
}

/** float64 sums as float32. */
function storeSums(from: usize, to: usize, count: u32): void {
  for (const end = to + (<usize>count << 2); to < end; from += 8, to += 4) store<f32>(to, <f32>load<f64>(from));
}
