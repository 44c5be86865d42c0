import {
  FEATURES,
  type Feature,
  FLOAT_DTYPES,
  GUARANTEES,
  OPS,
  type Op,
  RMSNorm,
  type RmsNormArguments,
  rmsNorm,
} from '@rmsnorm/core';
import type { Case, Subject } from '../../case/case.ts';
import { caseId } from '../../case/case-id.ts';
import { check } from '../../case/failure.ts';
import { expectThrow } from '../../case/refusal.ts';
import { dtypesOf, featuresOf } from '../../case/supported.ts';
import { withTensors } from '../../case/tensors.ts';
import { rowsShape } from '../../expected/normalization.ts';
import { elements } from '../../inputs/elements.ts';
import { verifyForward } from '../../operations/forward.ts';
import { type ForwardSpec, inputsOf } from '../../operations/forward-spec.ts';

const PLAIN: ForwardSpec = { shape: [3, 6], options: { dim: 6, axis: -1 } };

/** For each feature a forward that needs it and nothing else. */
const NEEDS: Readonly<Record<Feature, ForwardSpec>> = {
  inner: { shape: [3, 6, 2], options: { dim: 6 } },
  groups: { shape: [3, 6], options: { dim: 6, axis: -1, groups: 2 } },
  partial: { shape: [3, 6], options: { dim: 6, axis: -1, partial: 0.5 } },
  clamp: { shape: [3, 6], options: { dim: 6, axis: -1, epsMode: 'clamp' } },
  beta: { ...PLAIN, beta: true },
  weightOffset: { shape: [3, 6], options: { dim: 6, axis: -1, weightOffset: 1 } },
  llama: { shape: [3, 6], options: { dim: 6, axis: -1, casting: 'llama' } },
  rstd: { ...PLAIN, rstd: true },
};

const features: Case[] = FEATURES.map((feature) =>
  bothSides({ feature }, async (subject) => {
    const { supports } = subject.backend;
    const dtype = dtypesOf(supports, 'forward')[0] ?? 'float32';
    const inputs = inputsOf({ ...NEEDS[feature], dtype }, subject.random);
    if (featuresOf(supports, 'forward').includes(feature)) return verifyForward(subject, inputs);
    await withTensors(subject.backend, async (tensors) => {
      const { options, gamma, beta, shape } = inputs;
      const x = tensors.of(inputs.x, shape);
      const call: RmsNormArguments = {
        ...options,
        gamma: tensors.float32(gamma!),
        ...(beta && { beta: tensors.float32(beta) }),
        ...(feature === 'rstd' && { rstd: tensors.empty(rowsShape(inputs.operands.normalization)) }),
      };
      expectThrow('UNSUPPORTED', `a forward that needs '${feature}', which supports.features does not name,`, () =>
        rmsNorm(x, call),
      );
    });
  }),
);

const dtypes: Case[] = FLOAT_DTYPES.map((dtype) =>
  bothSides({ dtype }, async (subject) => {
    if (dtypesOf(subject.backend.supports, 'forward').includes(dtype)) {
      return verifyForward(subject, inputsOf({ ...PLAIN, dtype }, subject.random));
    }
    await withTensors(subject.backend, async (tensors) => {
      expectThrow('UNSUPPORTED', `a forward of ${dtype}, which supports.dtypes does not name,`, () => {
        const x = tensors.of(elements(dtype, [1, 2, 3, 4, 5, 6]), [1, 6]);
        return rmsNorm(x, { dim: 6, axis: -1 });
      });
    });
  }),
);

/** Small calls of the operations that have no cases of their own yet. */
const CALLS: Readonly<Record<Op, (norm: RMSNorm, ...x: readonly Parameters<RMSNorm['forward']>[0][]) => unknown>> = {
  forward: (norm, x) => norm.forward(x!),
  addForward: (norm, x, other) => norm.addForward(x!, other!),
  gatedForward: (norm, x, other) => norm.gatedForward(x!, other!),
  backward: (norm, x, other) => norm.backward(x!, other!),
  sumSquares: (norm, x) => norm.sumSquares(x!),
  scaleBy: (norm, x, other) => norm.scaleBy(x!, other!, 6),
  forwardQuantized: (norm, x) => norm.forwardQuantized(x!),
};

const ops: Case[] = OPS.map((op) => ({
  ...bothSides({ op }, async ({ backend }) => {
    const dtype = dtypesOf(backend.supports, op)[0] ?? 'float32';
    const norm = new RMSNorm({ dim: 6, axis: -1 });
    try {
      await withTensors(backend, async (tensors) => {
        const x = tensors.filled(2, [1, 6], dtype);
        // scaleBy's second operand are the sums.
        const other = op === 'scaleBy' ? tensors.filled(24, [1, 1, 1], 'float32') : tensors.filled(1, [1, 6], dtype);
        if (!backend.supports.ops.includes(op)) {
          expectThrow('UNSUPPORTED', `${op}, which supports.ops does not name,`, () => CALLS[op](norm, x, other));
          return;
        }
        const result = CALLS[op](norm, x, other);
        for (const tensor of tensorsOf(result)) await tensors.keep(tensor).data();
      });
    } finally {
      norm.dispose();
    }
  }),
}));

const manifest: Case = bothSides({ manifest: 'names' }, async ({ backend }) => {
  const { supports } = backend;
  const { limits = {} } = supports;
  check(Object.isFrozen(supports), 'supports must be frozen: what a backend can does not change while it runs');
  named('ops', supports.ops, OPS);
  named('dtypes', supports.dtypes, FLOAT_DTYPES);
  named('features', supports.features, FEATURES);
  named('promises', supports.promises, GUARANTEES);
  named('accuracy', Object.freeze([supports.accuracy]), ['ieee', 'webgpu', 'loose']);
  check(supports.ops.length > 0 && supports.dtypes.length > 0, 'a backend has one operation and one dtype at least');
  for (const [op, limit] of Object.entries(limits)) {
    named('limits', Object.freeze([op]), OPS);
    if (limit.features) named(`limits.${op}.features`, limit.features, supports.features);
    if (limit.dtypes) named(`limits.${op}.dtypes`, limit.dtypes, supports.dtypes);
  }
});

const identity: Case = bothSides({ manifest: 'identity' }, async ({ backend, provider }) => {
  check(provider.apiVersion === 1, `provider.apiVersion must be 1, got ${provider.apiVersion}`);
  check(
    /^[a-z0-9-]+$/.test(provider.name),
    `provider.name must be small letters, digits and dashes, got '${provider.name}'`,
  );
  check(backend.name === provider.name, `backend.name is '${backend.name}', provider.name '${provider.name}'`);
  check(
    typeof backend.device === 'string' && backend.device !== '',
    'backend.device must say in words what it runs on',
  );
  for (let i = 0; i < 2; i++) {
    const probe = await provider.probe();
    check(probe.ok, () => `probe() says that it cannot run here, where create() works: ${JSON.stringify(probe)}`);
    check(typeof probe.device === 'string' && probe.device !== '', 'probe() must name the device');
  }
});

export const supportsCases: readonly Case[] = [manifest, identity, ...ops, ...dtypes, ...features];

/** What is declared must work, what is not must throw: never skipped. */
function bothSides(parameters: Record<string, string>, run: (subject: Subject) => Promise<void>): Case {
  const family = 'manifest' in parameters ? 'supports/manifest' : 'supports/both-sides';
  return { id: caseId(family, parameters), requires: {}, run };
}

function named(what: string, values: readonly string[], known: readonly string[]): void {
  check(Array.isArray(values) && Object.isFrozen(values), `supports.${what} must be a frozen array`);
  for (const value of values) {
    check(known.includes(value), `supports.${what} names '${value}'; known are ${known.join(', ')}`);
  }
  check(new Set(values).size === values.length, `supports.${what} names something twice: ${values.join(', ')}`);
}

type Kept = ReturnType<RMSNorm['forward']>;

function tensorsOf(result: unknown): Kept[] {
  const isTensor = (value: unknown): value is Kept => typeof (value as Partial<Kept> | null)?.data === 'function';
  return isTensor(result) ? [result] : Object.values(result as object).filter(isTensor);
}
