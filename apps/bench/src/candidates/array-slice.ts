import type { Candidate, Entrant } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import type { Workload } from '../workload.ts';

export const arraySlice: Entrant = {
  name: 'array-slice',
  does: 'copy',
  about: 'TypedArray.prototype.slice: the same copy, into a new array each time',
  async create(work: Workload): Promise<Candidate> {
    const from = copySource(work);
    let to = from;
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) to = from.slice();
    };
    return { run, result: async () => ({ copied: to }), dispose: () => {} };
  },
};
