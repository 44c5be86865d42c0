import { type Problem, roundTo } from '@rmsnorm/core';
import type { Bug } from '../bug.ts';
import { type Operands, PlainDriver, type Row } from '../plain-driver.ts';

const { fround } = Math;

/** gamma and beta: which element, and how it enters. */
export const WEIGHT_BUGS: readonly Bug[] = [
  {
    name: 'gamma along inner',
    fault: 'indexes gamma and beta by the position along inner instead of by the feature',
    caughtBy: /^forward\/channels-first/,
    planted: class extends PlainDriver {
      override feature(p: Problem, row: Row, i: number): number {
        return p.inner === 1 ? super.feature(p, row, i) : (row.index % p.inner) % (p.groups * p.size);
      }
    },
  },
  {
    name: 'gamma within the group only',
    fault: "uses the first group's gamma and beta for every group",
    caughtBy: /^forward\/groups/,
    planted: class extends PlainDriver {
      override feature(_p: Problem, _row: Row, i: number): number {
        return i;
      }
    },
  },
  {
    name: 'gamma of interleaved groups',
    fault: 'reads gamma and beta as [size, groups]',
    caughtBy: /^forward\/groups/,
    planted: class extends PlainDriver {
      override feature(p: Problem, row: Row, i: number): number {
        return i * p.groups + row.group;
      }
    },
  },
  {
    name: 'gamma dropped without a beta',
    fault: 'multiplies by gamma only in the kernel that also adds beta',
    caughtBy: /^forward\/values/,
    planted: class extends PlainDriver {
      override output(p: Problem, normed: number, weight: number, beta: number | null): number {
        return super.output(p, normed, beta === null ? 1 : weight, beta);
      }
    },
  },
  {
    name: 'gamma in the dtype of x',
    fault: 'rounds gamma to 16 bits where x has 16 bits',
    caughtBy: /^forward\/(values|options):.*float16/,
    planted: class extends PlainDriver {
      override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
        return roundTo(p.dtype, super.weight(p, gamma, feature));
      }
    },
  },
  {
    name: 'beta dropped',
    fault: 'never adds beta',
    caughtBy: /^forward\/options:beta/,
    planted: class extends PlainDriver {
      override output(p: Problem, normed: number, weight: number): number {
        return super.output(p, normed, weight, null);
      }
    },
  },
  {
    name: 'beta multiplied',
    fault: 'multiplies by beta',
    caughtBy: /^forward\/options:beta/,
    planted: class extends PlainDriver {
      override output(p: Problem, normed: number, weight: number, beta: number | null): number {
        return super.output(p, normed, weight * (beta ?? 1), null);
      }
    },
  },
  {
    name: 'beta before gamma',
    fault: 'adds beta first and multiplies the sum by gamma',
    caughtBy: /^forward\/options:beta/,
    planted: class extends PlainDriver {
      override output(p: Problem, normed: number, weight: number, beta: number | null): number {
        return super.output(p, fround(normed + (beta ?? 0)), weight, null);
      }
    },
  },
  {
    name: 'weightOffset ignored',
    fault: 'multiplies by gamma alone',
    caughtBy: /^forward\/options:offset/,
    planted: class extends PlainDriver {
      override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
        return super.weight({ ...p, weightOffset: 0 }, gamma, feature);
      }
    },
  },
  {
    name: 'weightOffset added in bfloat16',
    fault: 'rounds weightOffset + gamma to bfloat16, where 1 + 0.001 is 1',
    caughtBy: /^forward\/options:offset/,
    planted: class extends PlainDriver {
      override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
        return p.weightOffset === 0
          ? super.weight(p, gamma, feature)
          : roundTo('bfloat16', p.weightOffset + gamma![feature]!);
      }
    },
  },
  {
    name: 'weightOffset is 1 or nothing',
    fault: 'takes every weightOffset other than 0 for 1',
    caughtBy: /^forward\/options:offset/,
    planted: class extends PlainDriver {
      override weight(p: Problem, gamma: Float32Array | null, feature: number): number {
        return super.weight({ ...p, weightOffset: p.weightOffset === 0 ? 0 : 1 }, gamma, feature);
      }
    },
  },
  {
    name: 'beta within the group only',
    fault: "uses the first group's beta for every group",
    caughtBy: /^forward\/options:beta.*groups/,
    planted: class extends PlainDriver {
      override normalize(p: Problem, operands: Operands): Float32Array {
        const beta = operands.beta?.map((_, i, all) => all[i % p.size]!) ?? null;
        return super.normalize(p, { ...operands, beta });
      }
    },
  },
];
