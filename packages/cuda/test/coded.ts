import { expect } from 'vitest';

/** An error of this code, whose message matches. */
export const coded = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });
