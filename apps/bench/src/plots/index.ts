import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import { byTable, tableTitle } from '../report/grouping.ts';
import type { WorkloadResult } from '../results.ts';
import { plotSpec } from './plot-spec.ts';
import { pointsOf } from './points.ts';

/** An image, as SVG. */
export interface Plot {
  /** `node-llm-float32-resident.svg`. */
  readonly file: string;
  readonly svg: string;
}

/** One plot for each table that has at least two sizes: one size is no line. */
export async function plotsOf(results: readonly WorkloadResult[], copies: ReadonlySet<string>): Promise<Plot[]> {
  const plots: Plot[] = [];
  for (const family of byTable(results)) {
    if (family.length < 2) continue;
    const title = tableTitle(family[0]!);
    const bySize = [...family].sort((a, b) => a.bytesMoved - b.bytesMoved);
    const spec = plotSpec(title, pointsOf(bySize), { copies, ours: family[0]!.outcomes[0]?.name });
    const view = new View(parse(compile(spec).spec), { renderer: 'none' });
    plots.push({ file: `${title.replaceAll(', ', '-').replaceAll(' ', '-')}.svg`, svg: await view.toSVG() });
    view.finalize();
  }
  return plots;
}
