/** How much of the suite runs: each depth has the cases of the one before, and more. */
export type Depth = 'quick' | 'default' | 'thorough';

export const DEPTHS: readonly Depth[] = ['quick', 'default', 'thorough'];
