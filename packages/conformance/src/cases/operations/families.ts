import { FLOAT_DTYPES, type FloatDType } from '@rmsnorm/core';
import type { Case } from '../../case/case.ts';
import { caseId, showShape } from '../../case/case-id.ts';
import type { ForwardSpec } from '../../operations/forward-spec.ts';
import type { OperationModel } from '../../operations/operation-model.ts';
import { operationCase } from '../../operations/run-call.ts';
import { LAYOUTS, MANY_ROWS, type Placed, SIZES, VARIANTS, VARIED } from './layouts.ts';

/** What a family adds to the spec of each of its cases, and to its id. */
export interface Flavour<S extends ForwardSpec> {
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly extra?: Partial<S>;
}

/** Sizes, layouts and numbers of rows, in every dtype. */
export function shapeCases<S extends ForwardSpec>(operation: OperationModel<S>, flavour: Flavour<S> = {}): Case[] {
  const rows = SIZES.map((size): Placed => ({ shape: [3, size], options: { dim: size, axis: -1 } }));
  return FLOAT_DTYPES.flatMap((dtype) => [
    ...rows.map((placed) => shapeCase(operation, 'values', placed, dtype, flavour)),
    // The largest where rows are the widest and the narrowest; its 16-bit rows begin in the middle of words.
    ...MANY_ROWS.filter(({ shape }) => dtype !== 'bfloat16' || shape[0]! < 65536).map((placed) =>
      shapeCase(operation, 'values', placed, dtype, flavour),
    ),
    ...LAYOUTS.map((placed) => shapeCase(operation, 'layouts', placed, dtype, flavour)),
  ]);
}

function shapeCase<S extends ForwardSpec>(
  operation: OperationModel<S>,
  family: string,
  { shape, options }: Placed,
  dtype: FloatDType,
  { parameters = {}, extra = {} }: Flavour<S>,
): Case {
  const { dim, axis = 1, groups = 1 } = options;
  const layout = family === 'layouts' ? { dim: showShape(dim), axis, groups } : {};
  const id = caseId(`${operation.op}/${family}`, { ...parameters, dtype, ...layout, shape: showShape(shape) });
  const merged = { ...extra, options: { ...options, ...extra.options } };
  return operationCase(id, operation, { shape, dtype, ...merged } as unknown as S);
}

/** Every option, in every dtype, in two layouts. */
export function optionCases<S extends ForwardSpec>(
  operation: OperationModel<S>,
  { parameters = {}, extra = {} }: Flavour<S> = {},
  takes: (name: string) => boolean = () => true,
): Case[] {
  return Object.entries(VARIANTS)
    .filter(([name]) => takes(name))
    .flatMap(([name, { options, ...rest }]) =>
      FLOAT_DTYPES.flatMap((dtype) =>
        VARIED.map(({ name: layout, shape, options: placed }) => {
          const flavour = Object.entries(parameters).map(([key, value]) => `${key}=${value},`);
          const id = `${operation.op}/options:${flavour.join('')}${name},dtype=${dtype},shape=${layout}`;
          const merged = { ...extra, ...rest, options: { ...placed, ...extra.options, ...options } };
          return operationCase(id, operation, { shape, dtype, ...merged } as unknown as S);
        }),
      ),
    );
}
