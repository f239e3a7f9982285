import { shippedAddons } from '../../src/addons.js';
import type { House } from './house.js';

/**
 * What a verb of the operator's command does, over a house that is open: without the seconds that a process takes
 * to start. That the command line itself leads there is for one call by `runCli`.
 *
 * @param args `--name value` and `--flag`, as on the command line; `output` is always JSON, or the error's words
 */
export async function verb(
  house: House,
  group: string,
  name: string,
  ...args: readonly string[]
): Promise<{ code: number; output: string }> {
  const addon = shippedAddons.find(({ commandGroup }) => commandGroup === group);
  const command = addon?.commands.find((each) => each.name === name);
  if (!command || !('run' in command)) throw new Error(`There is no ${group} ${name}.`);
  const known = Object.keys(command.options).map((flags) => flags.split(' ')[0]);
  const options: Record<string, string> = {};
  for (const [at, word] of args.entries()) {
    if (!word.startsWith('--')) continue;
    if (!known.includes(word)) throw new Error(`${group} ${name} has no ${word}.`);
    const next = args[at + 1];
    const key = word.slice(2).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    options[key] = next === undefined || next.startsWith('--') ? 'true' : next;
  }
  try {
    return { code: 0, output: JSON.stringify(await command.run(house.app, options)) };
  } catch (error) {
    return { code: 1, output: error instanceof Error ? error.message : String(error) };
  }
}
