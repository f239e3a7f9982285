import { parseEnv } from 'node:util';

/**
 * The one dialect in which environment files are written: `KEY='value'`, one a line. systemd, bash,
 * Docker Compose, the npm package dotenv and Node read it alike as long as a value holds none of the
 * characters that they read differently; `docker run --env-file` does not and keeps the quotes.
 */
const LINE = /^([A-Z][A-Z0-9_]*)='([^'\\\p{Cc}\p{Cs}]*)'$/u;

/** Code points that Unicode keeps from ever being characters. */
const NO_CHARACTER = /\p{Noncharacter_Code_Point}/u;

/** Why a value cannot be written so that all readers read it; null when it can. */
export function refusalOf(value: string): string | null {
  if (!value.isWellFormed()) return 'holds half a character';
  if (/[\r\n]/.test(value)) return 'has several lines: give it a file of its own';
  if (/\p{Cc}/u.test(value)) return 'holds a control character';
  // systemd throws the line away.
  if (NO_CHARACTER.test(value)) return 'holds a code point that is no character';
  if (value.includes("'")) return 'holds a single quote';
  if (value.includes('\\')) return 'holds a backslash';
  // Compose 1 and python-dotenv fill it in, also between single quotes.
  if (value.includes('${')) return 'holds ${';
  return null;
}

/** The file's text. @throws Error that names the keys whose values cannot be written */
export function writeDialect(values: ReadonlyMap<string, string>): string {
  const refused = [...values].flatMap(([key, value]) => {
    const why = refusalOf(value);
    return why === null ? [] : [`${key} ${why}`];
  });
  if (refused.length > 0) throw new Error(`Cannot be written: ${refused.join('; ')}.`);
  return [...values].map(([key, value]) => `${key}='${value}'\n`).join('');
}

/** What a text says, read strictly. @throws Error for whatever we would not have written */
export function readDialect(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new Error('The last line is not whole.');
  for (const [n, line] of lines.entries()) {
    const [, key, value] = LINE.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new Error(`Line ${n + 1} is not ours.`);
    if (refusalOf(value) !== null) throw new Error(`Line ${n + 1} is not ours.`);
    if (values.has(key)) throw new Error(`${key} is there twice.`);
    values.set(key, value);
  }
  return values;
}

/** Reads bytes back by two readers, ours and Node's. @throws Error when either reads something else */
export function proveDialect(bytes: Buffer, values: ReadonlyMap<string, string>): void {
  const text = bytes.toString('utf8');
  const read = [readDialect(text), new Map(Object.entries(parseEnv(text)))];
  for (const each of read) {
    const wrong = [...values].filter(([key, value]) => each.get(key) !== value);
    if (wrong.length > 0 || each.size !== values.size) {
      throw new Error(`Read back otherwise: ${wrong.map(([key]) => key).join(', ')}.`);
    }
  }
}
