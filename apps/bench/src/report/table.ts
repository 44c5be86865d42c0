// By hand: the same table as aligned text and as Markdown, which no table library gives both of.

/** A table as data. The first column is aligned left, the others right. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Lines under the table. */
  readonly notes: readonly string[];
}

export function asText({ title, head, rows, notes }: Table): string {
  const widths = columnWidths([head, ...rows]);
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  ');
  return [title, line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line), ...notes]
    .map((text) => text.trimEnd())
    .join('\n');
}

export function asMarkdown({ title, head, rows, notes }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '--:'));
  const table = [line(head), line(rule), ...rows.map(line)].join('\n');
  return [
    `### ${title}`,
    table,
    ...(notes.length > 0 ? [notes.map((note) => `- ${note.trim()}`).join('\n')] : []),
  ].join('\n\n');
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const columns = Math.max(...lines.map((cells) => cells.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
}
