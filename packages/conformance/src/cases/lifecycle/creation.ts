import type { AbortSignalLike } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check, describeError } from '../../case/failure.ts';

/** How a provider starts a backend. */
export const creationCases: readonly Case[] = [
  {
    id: caseId('backend/lifecycle', { of: 'create-aborted' }),
    requires: { op: 'forward' },
    async run({ provider }) {
      const reason = new Error('no longer wanted');
      const signal: AbortSignalLike = {
        aborted: true,
        reason,
        addEventListener: () => {},
        removeEventListener: () => {},
      };
      let backend: Awaited<ReturnType<typeof provider.create>>;
      try {
        backend = await provider.create({ signal });
      } catch (error) {
        check(
          error === reason,
          () => `create() with an aborted signal: must reject with signal.reason, ${describeError(error)}`,
        );
        return;
      }
      await backend.dispose();
      check(false, 'create() with an aborted signal must reject with signal.reason, it resolved');
    },
  },
];
