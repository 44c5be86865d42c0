/** A file of tests for Vitest or Jest, after its imports. */
export const testFile = (imports: string): string => `${imports}
import { check } from './program.js';

test('rmsnorm', async () => {
  const answer = await check();
  console.log('answer ' + JSON.stringify(answer));
  expect(answer.rms).toBeCloseTo(1);
});
`;
