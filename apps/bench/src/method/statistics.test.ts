import { describe, expect, it } from 'vitest';
import { geometricMean, quartiles, ratioQuartiles } from './statistics.ts';

describe('quartiles', () => {
  it('interpolates between neighbours as NumPy does', () => {
    expect(quartiles([4, 1, 3, 2])).toEqual({ q1: 1.75, median: 2.5, q3: 3.25 });
  });

  it('of an odd number of samples are samples', () => {
    expect(quartiles([50, 10, 40, 20, 30])).toEqual({ q1: 20, median: 30, q3: 40 });
  });

  it('of one sample are that sample', () => {
    expect(quartiles([7])).toEqual({ q1: 7, median: 7, q3: 7 });
  });

  it('sorts numbers as numbers and leaves the samples alone', () => {
    const samples = [100, 9, 20];
    expect(quartiles(samples).median).toBe(20);
    expect(samples).toEqual([100, 9, 20]);
  });

  it('refuses no samples', () => {
    expect(() => quartiles([])).toThrow(RangeError);
  });
});

describe('ratioQuartiles', () => {
  it('divides round by round: a slow round of both cancels', () => {
    expect(ratioQuartiles([2, 200, 2], [1, 100, 1])).toEqual({ q1: 2, median: 2, q3: 2 });
  });

  it('takes rounds in which both took part', () => {
    expect(ratioQuartiles([6, 5, null, 8], [2, null, 3, 4])).toEqual({ q1: 2.25, median: 2.5, q3: 2.75 });
  });

  it('refuses samples of different rounds', () => {
    expect(() => ratioQuartiles([1, 2], [1])).toThrow('2 rounds against 1');
  });
});

describe('geometricMean', () => {
  it('is the root of the product', () => {
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
    expect(geometricMean([0.5, 2, 1])).toBeCloseTo(1, 12);
  });

  it('refuses no values', () => {
    expect(() => geometricMean([])).toThrow(RangeError);
  });
});
