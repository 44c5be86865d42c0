import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './run-program.ts';
import { root } from './workspace.ts';

/** The oldest TypeScript that is supported, the last one written in JavaScript, and the one that this workspace uses. */
const COMPILERS = ['typescript-5.4', 'typescript-5.9', 'typescript'] as const;

/** A user's program. */
export interface Program {
  readonly code: string;
  /** What of the standard library it has. */
  readonly lib: readonly string[];
  /** Packages of types; none unless given. */
  readonly types?: readonly string[];
  /** All unless given. */
  readonly compilers?: readonly (typeof COMPILERS)[number][];
}

/**
 * A test for each program and compiler: that it compiles, in a strict project, against the built declarations, with every
 * library checked too.
 * @param test the address of the test file, in whose package the programs are
 */
export function testPrograms(address: string, programs: Readonly<Record<string, Program>>): void {
  let folder: string;
  beforeAll(async () => {
    const build = fileURLToPath(new URL('../build', address));
    await mkdir(build, { recursive: true });
    folder = await mkdtemp(join(build, 'types-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const cases = Object.entries(programs).flatMap(([name, { compilers = COMPILERS }]) =>
    compilers.map((compiler) => [name, compiler] as const),
  );
  test.each(cases)('a program %s compiles with %s', async (name, compiler) => {
    const { code, lib, types = [] } = programs[name]!;
    const project = join(folder, `${name.replaceAll(' ', '-')}-${compiler}`);
    await mkdir(project);
    await writeFile(join(project, 'program.ts'), code);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      lib,
      types,
      skipLibCheck: false,
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc');
    const { code: exit, output } = await run(process.execPath, [tsc, '-p', project]);
    expect(output).toBe('');
    expect(exit).toBe(0);
  });
}
