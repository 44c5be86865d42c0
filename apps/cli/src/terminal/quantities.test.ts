import { expect, test } from 'vitest';
import { showBytes, showRate, showSeconds, significant } from './quantities.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [555_136, '555 kB'],
  [999_600, '1.00 MB'],
  [1_073_741_824, '1.07 GB'],
  [12_345_678_901_234, '12.3 TB'],
])('%d bytes: %s', (bytes, text) => expect(showBytes(bytes)).toBe(text));

test.each([
  [0, '0 us'],
  [0.000_812, '812 us'],
  [0.0041, '4.10 ms'],
  [0.9996, '1.00 s'],
  [2.5, '2.50 s'],
  [59.97, '1 min 0 s'],
  [185, '3 min 5 s'],
  [7800, '2 h 10 min'],
])('%d seconds: %s', (seconds, text) => expect(showSeconds(seconds)).toBe(text));

test.each([
  [9.999, '10.0'],
  [0.123_45, '0.123'],
  [99.96, '100'],
  [1e-30, '1.00e-30'],
  [-2.5, '-2.50'],
])('%d: %s', (value, text) => expect(significant(value)).toBe(text));

test('a rate over no time is a number', () => expect(showRate(1000, 0)).toBe('1.00 TB/s'));
