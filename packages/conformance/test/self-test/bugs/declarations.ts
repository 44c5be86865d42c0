import {
  type Backend,
  type BackendProvider,
  type Feature,
  type ForwardIO,
  type Problem,
  RMSNormError,
} from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { EVERYTHING, PlainDriver } from '../plain-driver.ts';
import { disguised, providerOf } from '../provider.ts';

const plain = (disguise?: (backend: Backend) => Backend): BackendProvider =>
  providerOf(() => new PlainDriver(), disguise);

/** What a backend says of itself, and how it is born and dies. */
export const DECLARATION_BUGS: readonly Bug[] = [
  ...EVERYTHING.features.map((feature): Bug => refusing(feature)),
  {
    name: 'declares float16, crashes',
    fault: 'names float16 in supports and throws an error without a code',
    caughtBy: /^supports\/both-sides/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        if (p.dtype === 'float16') throw new TypeError('no kernel');
        super.forward(p, io);
      }
    },
  },
  {
    name: 'hides beta',
    fault: "does not name 'beta' in supports, and adds one",
    caughtBy: /^supports\/both-sides/,
    planted: () =>
      plain((backend) => {
        const features = EVERYTHING.features.filter((feature) => feature !== 'beta');
        return disguised(backend, { supports: { ...EVERYTHING, features } });
      }),
  },
  {
    name: 'hides bfloat16',
    fault: 'does not name bfloat16 in supports, and takes it',
    caughtBy: /^supports\/both-sides/,
    planted: () =>
      plain((backend) => disguised(backend, { supports: { ...EVERYTHING, dtypes: ['float32', 'float16'] } })),
  },
  {
    name: 'hides forward',
    fault: 'names no operation in supports, and has one',
    caughtBy: /^supports\/both-sides/,
    planted: () => plain((backend) => disguised(backend, { supports: { ...EVERYTHING, ops: [] } })),
  },
  {
    name: 'declares backward',
    fault: 'names an operation in supports that it has not',
    caughtBy: /^supports\/both-sides/,
    planted: () =>
      plain((backend) => disguised(backend, { supports: { ...EVERYTHING, ops: ['forward', 'backward'] } })),
  },
  {
    name: 'unknown feature',
    fault: 'names a feature in supports that the contract does not know',
    caughtBy: /^supports\/manifest/,
    planted: () =>
      plain((backend) =>
        disguised(backend, { supports: { ...EVERYTHING, features: [...EVERYTHING.features, 'fast' as Feature] } }),
      ),
  },
  {
    name: 'memory only grows',
    fault: 'does not take disposed tensors off its books',
    caughtBy: /^backend\/leaks/,
    planted: () =>
      plain((backend) => {
        let most = { tensors: 0, bytes: 0 };
        const memory = (): { tensors: number; bytes: number } => {
          const now = backend.memory();
          most = { tensors: Math.max(most.tensors, now.tensors), bytes: Math.max(most.bytes, now.bytes) };
          return most;
        };
        return disguised(backend, { memory });
      }),
  },
  {
    name: 'lives on after dispose',
    fault: 'goes on working after dispose()',
    caughtBy: /^backend\/lifecycle:of=backend-disposed/,
    planted: () => plain((backend) => disguised(backend, { dispose: async () => {} })),
  },
  {
    name: 'dispose rejects',
    fault: 'throws when the backend is disposed',
    caughtBy: /^backend\/lifecycle/,
    planted: class extends PlainDriver {
      override dispose(): void {
        throw new Error('the device is busy');
      }
    },
  },
  {
    name: 'prepare breaks',
    fault: 'throws in prepare() where it has nothing to prepare',
    caughtBy: /^forward\/class:state=prepare/,
    planted: class extends PlainDriver {
      async prepare(): Promise<void> {
        throw new Error('not implemented');
      }
    },
  },
  {
    name: 'probe throws',
    fault: 'rejects in probe() instead of saying why',
    caughtBy: /^(supports\/manifest|backend\/)/,
    planted: () => ({
      ...plain(),
      probe: async () => {
        throw new Error('no device');
      },
    }),
  },
  {
    name: 'probe says no',
    fault: 'says in probe() that it cannot run, and runs',
    caughtBy: /^(supports\/manifest|backend\/)/,
    planted: () => ({ ...plain(), probe: async () => ({ ok: false, code: 'NO_DEVICE', reason: 'none found' }) }),
  },
  {
    name: 'create ignores its signal',
    fault: 'creates a backend although the signal is aborted',
    caughtBy: /^backend\/lifecycle:of=create/,
    planted: () => ({ ...plain(), create: () => plain().create() }),
  },
  {
    name: 'another name',
    fault: 'calls its backend otherwise than its provider',
    caughtBy: /^supports\/manifest/,
    planted: () => plain((backend) => disguised(backend, { name: 'plane' })),
  },
];

/** Names `feature` in supports and throws UNSUPPORTED when it is asked for. */
function refusing(feature: Feature): Bug {
  return {
    name: `declares ${feature}, refuses it`,
    fault: `names '${feature}' in supports and throws UNSUPPORTED where a call needs it`,
    caughtBy: /^supports\/both-sides/,
    planted: class extends PlainDriver {
      override forward(p: Problem, io: ForwardIO<Uint8Array>): void {
        if (needs(feature, p, io)) throw new RMSNormError('UNSUPPORTED', `${feature} is not written yet`);
        super.forward(p, io);
      }
    },
  };
}

function needs(feature: Feature, p: Problem, io: ForwardIO<Uint8Array>): boolean {
  const needed: Record<Feature, boolean> = {
    inner: p.inner > 1,
    groups: p.groups > 1,
    partial: p.statSize < p.size,
    clamp: p.epsMode === 'clamp',
    beta: io.beta !== null,
    weightOffset: p.weightOffset !== 0,
    llama: p.casting === 'llama',
    rstd: io.rstd !== null,
  };
  return needed[feature];
}
