import { unreachable } from '../unreachable.ts';
import { familyOf } from './families.ts';
import { markupText } from './plain-text.ts';
import type { CaseResult, Report } from './report.ts';

/** The report as JUnit XML, which CI servers show: a test case for each case, named by its id. */
export function formatJUnit(report: Report): string {
  const { backend, device, seed, failed, skipped, notRun, results } = report;
  const milliseconds = results.reduce((total, { ms }) => total + ms, 0);
  const counts =
    `tests="${results.length}" failures="${failed}" errors="0" skipped="${skipped + notRun}" ` +
    `time="${seconds(milliseconds)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="@rmsnorm/conformance" ${counts}>`,
    `  <testsuite name="${attribute(backend)}" ${counts}>`,
    '    <properties>',
    `      <property name="device" value="${attribute(device)}"/>`,
    `      <property name="seed" value="${seed}"/>`,
    '    </properties>',
    ...results.map(testCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(result: CaseResult): string {
  const { id, ms } = result;
  const head = `    <testcase classname="${attribute(familyOf(id))}" name="${attribute(id)}" time="${seconds(ms)}"`;
  const content = contentOf(result);
  return content === '' ? `${head}/>` : `${head}>${content}</testcase>`;
}

function contentOf({ status, message = '' }: CaseResult): string {
  switch (status) {
    case 'pass':
      return '';
    case 'fail':
      return `<failure message="${attribute(message.split('\n', 1)[0]!)}">${markupText(message)}</failure>`;
    case 'skip':
    case 'not-run':
      return `<skipped message="${attribute(message)}"/>`;
    default:
      return unreachable(status);
  }
}

/** Readers of XML make spaces of the ends of lines in attributes, unless they are written so. */
function attribute(text: string): string {
  return markupText(text).replaceAll('\n', '&#10;');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
