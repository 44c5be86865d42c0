import { type Layout, placing } from '../planning/layout.ts';
import { type Team, teamwork } from '../planning/team.ts';
import { AT, type Declared, declarations, FIRST_FOUR } from './access.ts';
import { PARAMETERS } from './parameters.ts';
import { lines } from './template.ts';

/** What every kernel of rows begins with, behind its directives: parameters, buffers, where elements are, and who works together. */
export function opening(layout: Layout, team: Team, buffers: readonly Declared[]): string {
  return lines(PARAMETERS, declarations(buffers), AT, FIRST_FOUR, placing(layout), teamwork(team, layout.statistics));
}
