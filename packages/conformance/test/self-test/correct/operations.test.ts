import { OperationsDriver } from '../operations-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

expectToPass('every operation in float32', () => new OperationsDriver());
