import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { ForwardSpec, Layout } from '../../operations/forward-spec.ts';
import type { OperationModel } from '../../operations/operation-model.ts';
import { operationCase } from '../../operations/run-call.ts';
import { LAYOUTS, MANY_ROWS, SIZES, VARIANTS, VARIED } from './family-specs.ts';

/** What one operation adds to the specs of a family, and to the ids of its cases. */
export interface FamilyExtras<S extends ForwardSpec> {
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly extra?: Partial<S>;
}

/** The families `values` and `layouts`: sizes, numbers of rows and layouts, in every dtype. */
export function shapeCases<S extends ForwardSpec>(model: OperationModel<S>, extras: FamilyExtras<S> = {}): Case[] {
  const rows = SIZES.map((size): Layout => ({ shape: [3, size], options: { dim: size, axis: -1 } }));
  return FLOAT_DTYPES.flatMap((dtype) => {
    // bfloat16 leaves out the largest: float16, whose rows begin in the middle of words too, has it.
    const manyRows = MANY_ROWS.filter(({ shape }) => dtype !== 'bfloat16' || shape[0]! < 65536);
    return [
      ...[...rows, ...manyRows].map((layout) => shapeCase(model, 'values', layout, dtype, extras)),
      ...LAYOUTS.map((layout) => shapeCase(model, 'layouts', layout, dtype, extras)),
    ];
  });
}

function shapeCase<S extends ForwardSpec>(
  model: OperationModel<S>,
  family: 'values' | 'layouts',
  { shape, options }: Layout,
  dtype: FloatDType,
  { parameters = {}, extra = {} }: FamilyExtras<S>,
): Case {
  const { dim, axis = 1, groups = 1 } = options;
  const axes = family === 'layouts' ? { dim: showShape(dim), axis, groups } : {};
  const id = caseId(`${model.op}/${family}`, { ...parameters, dtype, ...axes, shape: showShape(shape) });
  const merged = { ...extra, options: { ...options, ...extra.options } };
  return operationCase(id, model, { shape, dtype, ...merged } as unknown as S);
}

/** The family `options`: every option in every dtype, in two layouts. */
export function optionCases<S extends ForwardSpec>(
  model: OperationModel<S>,
  { parameters = {}, extra = {} }: FamilyExtras<S> = {},
  takes: (name: string) => boolean = () => true,
): Case[] {
  const prefix = Object.entries(parameters).map(([key, value]) => `${key}=${value},`);
  return Object.entries(VARIANTS)
    .filter(([name]) => takes(name))
    .flatMap(([name, { options, ...rest }]) =>
      FLOAT_DTYPES.flatMap((dtype) =>
        VARIED.map(({ name: shown, shape, options: axes }) => {
          const id = `${model.op}/options:${prefix.join('')}${name},dtype=${dtype},shape=${shown}`;
          const merged = { ...extra, ...rest, options: { ...axes, ...extra.options, ...options } };
          return operationCase(id, model, { shape, dtype, ...merged } as unknown as S);
        }),
      ),
    );
}
