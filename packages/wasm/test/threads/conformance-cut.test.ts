import { testBackend } from '@rmsnorm/conformance/vitest';
import { cutEverything } from './cut-everything.ts';

testBackend(cutEverything(3));
