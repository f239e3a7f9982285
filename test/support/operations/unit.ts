import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What systemd would start for a service. */
export interface UnitStart {
  readonly user: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

/**
 * Reads an installed service, an instance as `name@instance.service` too.
 *
 * @param root the machine's files are below it
 * @throws Error when something of it is missing, as systemd would refuse it
 */
export function readUnit(root: string, name: string): UnitStart {
  const [, template, instance] = /^([^@]+@?)([^@]*?)\.service$/.exec(name) ?? [];
  const file = join(root, 'etc', 'systemd', 'system', `${template}.service`);
  const values = new Map<string, string[]>();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const filled = value.replaceAll('%i', instance ?? '');
    values.set(key, [...(values.get(key) ?? []), filled]);
  }
  const one = (key: string): string => {
    const value = values.get(key)?.[0];
    if (value === undefined) throw new Error(`${name} has no ${key}`);
    return value;
  };
  const environment: Record<string, string> = { PATH: '/usr/bin:/bin' };
  for (const named of values.get('EnvironmentFile') ?? []) {
    Object.assign(environment, readEnvironment(root, named));
  }
  return {
    user: one('User'),
    folder: one('WorkingDirectory'),
    environment,
    words: one('ExecStart').split(' '),
  };
}

/** `KEY='value'`, the dialect of decision 0059; a file that begins with `-` may be missing. */
function readEnvironment(root: string, named: string): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(join(root, named.replace(/^-/, '')), 'utf8');
  } catch (error) {
    if (named.startsWith('-')) return {};
    throw error;
  }
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)='([^']*)'$/gm)].map(([, key = '', value = '']) => [key, value]),
  );
}
