import { readFileSync } from 'node:fs';

/**
 * What a file of JSON holds.
 *
 * @throws Error that says where it is broken: Node's own words would repeat what stands there, which in
 *   some of these files is a password
 */
export function readJson(file: string): unknown {
  const text = read(file);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // Its message goes no further, nor does it as a cause: whoever inspects that would see it.
    return refuse(file, text, /position (\d+)/.exec((error as Error).message)?.[1]);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be read: ${code}.`, { cause: error });
  }
}

function refuse(file: string, text: string, position: string | undefined): never {
  const before = position === undefined ? null : text.slice(0, Number(position));
  const place = before === null ? '' : `: look at line ${before.split('\n').length}`;
  throw new Error(`${file} is no JSON${place}.`);
}
