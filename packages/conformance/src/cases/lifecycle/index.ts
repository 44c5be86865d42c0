import type { Case } from '../../case/case.ts';
import { backendLifecycleCases } from './backends.ts';
import { creationCases } from './creation.ts';
import { leakCases } from './leaks.ts';
import { normLifecycleCases } from './norms.ts';
import { requestCases } from './requests.ts';
import { tensorLifecycleCases } from './tensors.ts';

/** Life cycle: creation, disposal, several backends at once, and memory that is given back. */
export const lifecycleCases: readonly Case[] = [
  ...tensorLifecycleCases,
  ...backendLifecycleCases,
  ...normLifecycleCases,
  ...leakCases,
  ...requestCases,
  ...creationCases,
];
