import { join } from 'node:path';
import type { Project } from '../project.ts';

/** Deno for this system. The npm package has the program, and no command in node_modules/.bin. */
const PACKAGE = '@deno/linux-x64-glibc';

export const DENO_NEEDS: Readonly<Record<string, string>> = { [PACKAGE]: '2' };

export const denoOf = (project: Project): string => join(project.dir, 'node_modules', PACKAGE, 'deno');
