import type { TileLayout } from '../planning/layout.ts';
import { wgsl } from './template.ts';

/** `store_NAME(tile, v)`: a number for each row of a tile. */
export function storeRowValues(name: string, layout: TileLayout, type = 'RowValues'): string {
  return wgsl`
    fn store_${name}(tile: Tile, v: ${type}) {
      ${eachRow(layout, (row, component) => `${name}[${row}] = v${component};`)}
    }
  `;
}

/** `load_NAME(tile)`. Of a pair whose second row is missing, the first row's number twice. */
export function loadRowValues(name: string, { kind, rows }: TileLayout): string {
  const pairs = kind === 'row-pairs' || kind === 'resident-row-pairs';
  const values = Array.from({ length: rows }, (_, i) =>
    pairs ? `${name}[tile.row${i % 2 ? ' + min(tile.rows, 2u) - 1u' : ''}]` : `${name}[tile.row + ${i}u]`,
  );
  return wgsl`
    fn load_${name}(tile: Tile) -> RowValues {
      return RowValues(${values.join(', ')});
    }
  `;
}

/** `statement(row, component)` for each row of a tile, with its number's component of RowValues. */
export function eachRow(
  { kind, rows }: TileLayout,
  statement: (row: string, component: string) => string,
): readonly string[] {
  if (rows === 1) return [statement('tile.row', '')];
  const pairs = kind === 'row-pairs' || kind === 'resident-row-pairs';
  return Array.from({ length: pairs ? 2 : rows }, (_, i) => {
    const one = statement(`tile.row + ${i}u`, `.${'xyzw'[i]}`);
    return pairs && i > 0 ? `if (tile.rows > 1u) { ${one} }` : one;
  });
}
