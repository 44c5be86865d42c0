import { HELP, optionsOf } from './options.ts';
import { readJson, writeAll, writeJson } from './output-files.ts';
import { reportAsText } from './report/index.ts';
import { merged } from './report/report.ts';
import { chosenBy, idsOf, run } from './run.ts';

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) return console.log(HELP);
  const earlier = options.from.map(readJson);
  const chosen = earlier.length > 0 ? null : chosenBy(options);
  if (chosen && options.list) return console.log(idsOf(chosen).join('\n'));
  const report = chosen ? await run(chosen, options, (partial) => writeJson(partial, options)) : merged(earlier);
  console.log(reportAsText(report));
  await writeAll(report, options);
  if (report.failures.length > 0) throw new Error(report.failures.join('\n'));
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
