import type { Casting, EpsMode } from '@rmsnorm/core';

/** Of each value: what the usage says of it. */
export type Choices<Name extends string, More = object> = Readonly<Record<Name, { readonly help: string } & More>>;

interface Statistic {
  /** Why no part of a row may be its statistic; null where it may. */
  readonly wholeRow: string | null;
}

/** The values of `--eps-mode`. A value that core gains does not compile until it is here. */
export const EPS_MODES: Choices<EpsMode, Statistic> = {
  add: { help: 'eps inside the root', wholeRow: null },
  clamp: { help: 'as the least norm', wholeRow: 'clamp takes the norm of the whole row' },
};

/** The values of `--casting`, likewise. */
export const CASTINGS: Choices<Casting> = {
  gemma: { help: 'round once' },
  llama: { help: 'before gamma too' },
};

export function namesOf<Name extends string>(choices: Choices<Name>): Name[] {
  return Object.keys(choices) as Name[];
}
