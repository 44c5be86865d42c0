import { AT, type Declared, declarations, FIRST_FOUR } from './buffers.ts';
import { type Layout, placing } from './layout.ts';
import { PARAMETERS } from './parameters.ts';
import { type Team, teamwork } from './team.ts';
import { lines } from './wgsl.ts';

/** What every kernel of rows begins with, behind its directives: parameters, buffers, where elements are, and who works together. */
export function opening(layout: Layout, team: Team, buffers: readonly Declared[]): string {
  return lines(PARAMETERS, declarations(buffers), AT, FIRST_FOUR, placing(layout), teamwork(team, layout.statistics));
}
