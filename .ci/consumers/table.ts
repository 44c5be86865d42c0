import type { Outcome } from './outcome.ts';

const DOCUMENT = `# Where the packages run

Written by \`pnpm consumers\`: each line is a project outside this repository, in which the packages were installed from a registry, by name and version, built
and run. It normalizes on what \`pickBackend\` takes, and again with two threads, whose bits must be the same. Where it says so, the conformance suite runs on WASM by the line of its README, and must refuse a wrong backend.

`;

/** The document, as Markdown. */
export function documentOf(outcomes: readonly Outcome[]): string {
  return `${DOCUMENT}${tableOf(outcomes)}\n`;
}

function tableOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ consumer, answers, failure }) => {
    const ways = Object.keys(answers).join('; ');
    const device = [
      ...new Set(Object.values(answers).map((answer) => answer?.device.replace('WebAssembly SIMD, ', '') ?? '')),
    ];
    return `| ${consumer.name} | ${failure === null ? 'works' : 'fails'} | ${ways} | ${device.join('; ')} |`;
  });
  return ['| installed with npm in | | run as | `threads(2)` gives |', '|---|---|---|---|', ...rows].join('\n');
}
