import { expect, test } from 'vitest';
import { formatHtml } from './format-html.ts';
import { formatJUnit } from './format-junit.ts';
import { formatReport } from './format-report.ts';
import { type CaseResult, type Report, reportOf } from './report.ts';

/** What a hostile driver may call itself, or throw. */
const UNSAFE = ['\u001b', '\u0000', '\u202e', '\ud800', '\uffff'];
const HOSTILE = `</pre></failure>]]><script>alert("1")</script> & ' \u001b[31mred${UNSAFE.join(' ')}`;

const results: CaseResult[] = [
  { id: 'forward/values:dtype=float32,shape=3x5', status: 'fail', message: `${HOSTILE}\nsecond line`, ms: 1500 },
  { id: 'forward/values:dtype=float32,shape=3x7', status: 'pass', ms: 2 },
  { id: 'forward/sums:a=1', status: 'skip', message: `not declared: ${HOSTILE}`, ms: 0 },
  { id: 'forward/sums:a=2', status: 'not-run', message: 'not run: enough', ms: 0 },
];
const report: Report = reportOf(
  {
    backend: HOSTILE,
    device: HOSTILE,
    supports: { ops: ['forward'], dtypes: [HOSTILE as never], accuracy: 'ieee', features: [], promises: [] },
  },
  7,
  results,
);

test('the counts of a report', () => {
  expect(report).toMatchObject({ seed: 7, passed: 1, failed: 1, skipped: 1, notRun: 1 });
});

test('text: what a driver wrote does not reach the terminal as it is', () => {
  const text = formatReport(report);
  for (const character of UNSAFE) expect(text).not.toContain(character);
  expect(text).toContain('\\u{1b}[31mred\\u{1b} \\u{0}');
  expect(text).toContain('      1 case not run: enough\n');
  expect(text).toMatch(/1 passed, 1 failed, 1 skipped, 1 not run in 1\.5 s\n/);
});

test('JUnit XML: counts, and what a driver wrote as text', () => {
  const xml = formatJUnit(report);
  expect(xml).toContain(
    '<testsuites name="@rmsnorm/conformance" tests="4" failures="1" errors="0" skipped="2" time="1.502">',
  );
  expect(xml).toContain(
    '<testcase classname="forward/values" name="forward/values:dtype=float32,shape=3x7" time="0.002"/>',
  );
  expect(xml).toContain('second line</failure>');
  expect(xml).toContain('<skipped message="not run: enough"/>');
  expectSound(xml);
});

test('HTML: failures, families, reasons, and what a driver wrote as text', () => {
  const html = formatHtml(report);
  expect(html).toContain('<code>forward/values:dtype=float32,shape=3x5</code>');
  expect(html).toContain('<tr><td>forward/values<td class="n">1<td class="n fail">1<td class="n"><td class="n">');
  expect(html).toContain('<h2>Not run</h2>');
  expectSound(html);
  expect(html).not.toContain('<script');
});

/** Nothing but known tags, and no character that XML refuses. */
function expectSound(markup: string): void {
  for (const character of UNSAFE) expect(markup).not.toContain(character);
  expect(markup).not.toContain('<script');
  expect(markup).not.toContain(']]>');
  expect(markup).toContain('&lt;script&gt;alert(&quot;1&quot;)');
  const text = markup.replace(/<style>[^<]*<\/style>/, '').replace(/<[a-z!?/][^<>]*>/g, '');
  expect(text).not.toMatch(/[<>]/);
  expect(markup.match(/&(?!(amp|lt|gt|quot|#39|#10);)/)).toBeNull();
}
