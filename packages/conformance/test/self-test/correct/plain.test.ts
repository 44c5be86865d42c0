import { PlainDriver } from '../plain-driver.ts';
import { expectToPass } from './expect-to-pass.ts';

expectToPass('the plain one that bugs are planted into', () => new PlainDriver());
