import { familiesOf } from './families.ts';
import { countsOf } from './format-report.ts';
import { markupText } from './plain-text.ts';
import type { CaseResult, Report, Status } from './report.ts';

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .6rem; margin: .3rem 0 1rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .fail { color: #b00020 } .pass { color: #1b6e2c }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd } pre { background: #2a2a2a } .fail { color: #ff8a80 } .pass { color: #8bd69b } }`;

const STATUSES: readonly (readonly [Status, string])[] = [
  ['pass', 'passed'],
  ['fail', 'failed'],
  ['skip', 'skipped'],
  ['not-run', 'not run'],
];

/** The report as one page, without scripts and without anything that is loaded. */
export function formatHtml(report: Report): string {
  const { backend, device, supports, seed, failed, results } = report;
  const title = `Conformance of ${backend}`;
  const verdict = failed > 0 ? 'fail' : 'pass';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${markupText(title)}</title>
<style>${STYLE}</style>
<h1>${markupText(title)}</h1>
<p class="${verdict}"><strong>${markupText(countsOf(report))}</strong></p>
<table>
${row('device', device)}
${row('accuracy', supports.accuracy)}
${row('operations', supports.ops.join(', '))}
${row('dtypes', supports.dtypes.join(', '))}
${row('features', supports.features.join(', '))}
${row('promises', supports.promises.join(', '))}
${row('seed', String(seed))}
</table>
${section('Failed', results, 'fail')}
<h2>Families</h2>
<table>
<tr><th>family${STATUSES.map(([, word]) => `<th class="n">${word}`).join('')}
${[...familiesOf(results)].map(([family, cases]) => familyRow(family, cases)).join('\n')}
</table>
${section('Skipped', results, 'skip')}
${section('Not run', results, 'not-run')}
</html>
`;
}

function row(name: string, value: string): string {
  return `<tr><th>${markupText(name)}<td>${markupText(value)}`;
}

function familyRow(family: string, cases: readonly CaseResult[]): string {
  const cells = STATUSES.map(([status]) => {
    const count = cases.filter((result) => result.status === status).length;
    return `<td class="n${status === 'fail' && count > 0 ? ' fail' : ''}">${count > 0 ? count : ''}`;
  });
  return `<tr><td>${markupText(family)}${cells.join('')}`;
}

/** The cases of one status, under what is said of them: a reason may hold for thousands. */
function section(title: string, results: readonly CaseResult[], wanted: Status): string {
  const byMessage = new Map<string, string[]>();
  for (const { id, status, message = '' } of results) {
    if (status !== wanted) continue;
    const others = byMessage.get(message);
    if (others) others.push(id);
    else byMessage.set(message, [id]);
  }
  if (byMessage.size === 0) return '';
  const entries = [...byMessage].map(([message, ids]) => {
    const names = ids.map((id) => `<code>${markupText(id)}</code>`).join('<br>');
    const cases = ids.length === 1 ? names : `<details><summary>${ids.length} cases</summary>${names}</details>`;
    return `${cases}\n<pre>${markupText(message)}</pre>`;
  });
  return `<h2>${title}</h2>\n${entries.join('\n')}`;
}
