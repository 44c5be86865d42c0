import type { Candidate, Entrant } from '../candidate.ts';
import { copySource } from '../copy-source.ts';
import type { Workload } from '../workload.ts';

export const arraySet: Entrant = {
  name: 'array-set',
  does: 'copy',
  about: 'TypedArray.prototype.set between two arrays of as many bytes',
  async create(work: Workload): Promise<Candidate> {
    const from = copySource(work);
    const to = new Uint8Array(from.length);
    const run = (count: number): void => {
      for (let i = 0; i < count; i++) to.set(from);
    };
    return { run, result: async () => ({ copied: to }), dispose: () => {} };
  },
};
