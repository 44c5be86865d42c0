import type { Candidate, Entrant, Unable } from '../candidate.ts';

export const rmsnormWebgpu: Entrant = {
  name: 'rmsnorm-webgpu',
  does: 'norm',
  about: '@rmsnorm/webgpu: tensors on its device and `out`',
  create: async (): Promise<Candidate | Unable> => ({ unable: 'there is no @rmsnorm/webgpu in this workspace yet' }),
};
