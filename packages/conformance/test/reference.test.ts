import { reference } from '@rmsnorm/core';
import { testBackend } from '../src/vitest.ts';

testBackend(reference());
