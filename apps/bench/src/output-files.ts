import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COPIES } from './copies.ts';
import type { Options } from './options.ts';
import { plotsOf } from './plots/index.ts';
import { reportAsMarkdown } from './report/index.ts';
import type { Report } from './report/report.ts';

const BUILD = fileURLToPath(new URL('../build', import.meta.url));

/** The figures, the tables and the plots of a report, each where the options want them. */
export async function writeAll(report: Report, options: Options): Promise<void> {
  const { markdown, plots } = options;
  const folder = plots === undefined ? join(BUILD, 'plots') : asTyped(plots);
  const page = markdown === undefined ? join(BUILD, 'bench.md') : asTyped(markdown);
  const images: string[] = [];
  for (const { file, svg } of await plotsOf(report.results, COPIES)) {
    await write(join(folder, file), svg);
    console.error(`wrote ${join(folder, file)}`);
    // Markdown has addresses, also where paths have backslashes.
    images.push(relative(dirname(page), join(folder, file)).replaceAll(sep, '/'));
  }
  console.error(`wrote ${await writeJson(report, options)}`);
  await write(page, reportAsMarkdown(report, images));
  console.error(`wrote ${page}`);
}

/** The figures alone. Returns the file. */
export async function writeJson(report: Report, { json }: Options): Promise<string> {
  const file = json === undefined ? join(BUILD, 'bench.json') : asTyped(json);
  await write(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}

export function readJson(file: string): Report {
  return JSON.parse(readFileSync(asTyped(file), 'utf8')) as Report;
}

/** A path as it was typed: pnpm runs this in another folder, and says in which one it was called. */
function asTyped(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

async function write(file: string, contents: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, contents);
}
