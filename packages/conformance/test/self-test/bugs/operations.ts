import type { Bug } from '../bug.ts';
import { ADD_FORWARD_BUGS } from './add-forward.ts';
import { BACKWARD_BUGS } from './backward/index.ts';
import { GATED_FORWARD_BUGS } from './gated-forward.ts';
import { QUANTIZED_BUGS } from './quantized.ts';
import { SHARDED_BUGS } from './sharded.ts';

/** In the operations other than forward. */
export const OPERATION_BUGS: readonly Bug[] = [
  ...ADD_FORWARD_BUGS,
  ...GATED_FORWARD_BUGS,
  ...BACKWARD_BUGS,
  ...SHARDED_BUGS,
  ...QUANTIZED_BUGS,
];
