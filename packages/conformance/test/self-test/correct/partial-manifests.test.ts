import type { Supports } from '@rmsnorm/core';
import { OperationsDriver } from '../operations-driver.ts';
import { EVERYTHING } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

/** The plain driver, which declares less than it has. */
function declaring(supports: Partial<Supports>): () => OperationsDriver {
  const declared: Supports = { ...EVERYTHING, ...supports };
  return () =>
    new (class extends OperationsDriver {
      override readonly supports: Supports = declared;
    })();
}

const { ops } = new OperationsDriver().supports;

const takes =
  (pattern: RegExp): ((id: string) => boolean) =>
  (id) =>
    pattern.test(id);

expectToPass(
  'operations without forward',
  declaring({ ops: ops.filter((op) => op !== 'forward') }),
  takes(/^supports\/|two-steps|shards|^forwardQuantized\/(ties|isolation)/),
);
expectToPass('float16 alone', declaring({ ops, dtypes: ['float16'] }), takes(/^(supports|backend)\/|isolation/));
expectToPass(
  'quantized in bfloat16 alone, by a limit',
  declaring({ ops: ['forward', 'forwardQuantized'], limits: { forwardQuantized: { dtypes: ['bfloat16'] } } }),
  takes(/^(supports|forwardQuantized)\//),
);
expectToPass(
  "class 'loose', though exact",
  declaring({ ops, accuracy: 'loose' }),
  takes(/^gatedForward\/(overflow|extremes|options)|traps/),
);
