import { FOUR, last, type Traps } from './trap.ts';

/** Which axes are normalized, where gamma lies, and what a group is. */
export const LAYOUT_TRAPS: Traps = {
  'axis-1-is-one-axis': {
    shape: [2, 3, 5, 7],
    options: { dim: 3, axis: 1 },
    lookAt: 'dim: 3 at axis 1 reduces axis 1 alone, and gamma lies along it',
  },
  'axis-1-and-all-that-follow': {
    shape: [2, 3, 5, 7],
    options: { dim: [3, 5, 7], axis: 1 },
    lookAt: 'dim: [3, 5, 7] at axis 1 reduces all three, as ONNX does',
  },
  'gamma-along-the-normalized-axis': {
    shape: [2, 4, 4],
    options: { dim: 4, axis: 1 },
    lookAt: 'gamma belongs to axis 1; along axis 2, of the same length, it is wrong',
  },
  'groups-of-2': {
    ...FOUR,
    options: { ...last(4), groups: 2, eps: 0 },
    y: [0.8485, 1.1314, 0.8485, 1.1314],
    within: 1e-4,
    lookAt: 'each group has a statistic of its own: as one group [.1194, .1592, 1.1940, 1.5920] comes out',
  },
  'one-group': {
    ...FOUR,
    options: { ...last(4), eps: 0 },
    y: [0.1194, 0.1592, 1.194, 1.592],
    within: 1e-4,
  },
};
