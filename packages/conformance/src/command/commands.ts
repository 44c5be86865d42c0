import process from 'node:process';
import { formatHtml } from '../report/format-html.ts';
import { formatJUnit } from '../report/format-junit.ts';
import { formatReport } from '../report/format-report.ts';
import { unreachable } from '../unreachable.ts';
import type { Arguments, SuiteArguments } from './arguments.ts';
import { startProgress } from './progress.ts';
import { checkReportPath, writeReportFile } from './report-file.ts';
import { USAGE } from './usage.ts';
import { type Request, runWatched } from './watched-process.ts';
import { runSuite } from './watched-suite.ts';

/** Does what the command line says. Gives back the exit status. */
export function runCommand(request: Arguments): Promise<number> {
  switch (request.command) {
    case 'suite':
      return suite(request);
    case 'coverage':
    case 'explain':
    case 'fuzz':
    case 'replay':
      return output(request);
    case 'help':
      return print(USAGE, 0);
    default:
      return unreachable(request);
  }
}

async function suite(request: SuiteArguments): Promise<number> {
  const files = [
    { option: 'html', path: request.html, format: formatHtml },
    { option: 'junit', path: request.junit, format: formatJUnit },
  ];
  for (const { option, path } of files) if (path !== undefined) await checkReportPath(option, path);
  const progress = startProgress();
  const outcome = await runSuite(request, (text) => progress.show(text));
  progress.stop();
  if ('text' in outcome) return refuse(outcome.text, outcome.status);
  for (const { path, format } of files) if (path !== undefined) await writeReportFile(path, format(outcome));
  const text = request.json ? JSON.stringify(outcome, null, 2) : formatReport(outcome);
  return print(text, outcome.failed > 0 ? 1 : 0);
}

/** What the backend's process does by itself, and tells in a text. */
async function output(request: Request): Promise<number> {
  const progress = startProgress();
  const texts: string[] = [];
  let refusal: string | null = null;
  const { status, fault, during } = await runWatched(request, (line) => {
    if (line.type === 'progress') progress.show(line.text);
    if (line.type === 'output') texts.push(line.text);
    if (line.type === 'refusal') refusal = line.text;
  });
  progress.stop();
  if (refusal !== null) return refuse(refusal, status ?? 1);
  if (fault !== null)
    texts.push(`FAIL  the process of the backend ${fault} (${status === null ? during : 'at its end'})`);
  return print(texts.join('\n'), fault === null ? (status ?? 1) : 1);
}

async function refuse(text: string, status: number): Promise<number> {
  process.stderr.write(`${text}\n`);
  return status;
}

/** The status is set first: a reader of stdout that goes away ends this process. */
async function print(text: string, status: number): Promise<number> {
  process.exitCode = status;
  process.stdout.write(`${text}\n`);
  return status;
}
